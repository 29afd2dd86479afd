package io.polywire.peers;

import java.io.Serializable;
import java.util.Map;

/** Which provider answered, and what it saw of the call. */
public class Answer implements Serializable {
  private static final long serialVersionUID = 1L;

  private String provider;
  private String token;
  private Map<String, String> attachments;

  public Answer() {}

  public Answer(String provider, String token, Map<String, String> attachments) {
    this.provider = provider;
    this.token = token;
    this.attachments = attachments;
  }

  public String getProvider() {
    return provider;
  }

  public void setProvider(String provider) {
    this.provider = provider;
  }

  public String getToken() {
    return token;
  }

  public void setToken(String token) {
    this.token = token;
  }

  public Map<String, String> getAttachments() {
    return attachments;
  }

  public void setAttachments(Map<String, String> attachments) {
    this.attachments = attachments;
  }
}
