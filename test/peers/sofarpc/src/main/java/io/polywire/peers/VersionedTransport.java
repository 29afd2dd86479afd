package io.polywire.peers;

import com.alipay.remoting.InvokeContext;
import com.alipay.remoting.Url;
import com.alipay.remoting.rpc.protocol.RpcProtocolV2;
import com.alipay.sofa.rpc.client.ProviderInfo;
import com.alipay.sofa.rpc.core.request.SofaRequest;
import com.alipay.sofa.rpc.ext.Extension;
import com.alipay.sofa.rpc.transport.ClientTransportConfig;
import com.alipay.sofa.rpc.transport.bolt.BoltClientTransport;

/**
 * SOFARPC's own transport, with the protocol version of its connections as a consumer's parameter: SOFARPC itself always asks
 * sofa-bolt for version 1. The frames are sofa-bolt's in all versions. Parameters: `bolt` (`1`, or `2` with sofa-bolt's
 * version byte after a dot: `2.1`, `2.2`) and `crc` (`false` turns the switch off that sofa-bolt sets by default).
 */
@Extension(value = "bolt", override = true, order = 1)
public class VersionedTransport extends BoltClientTransport {
  static final String VERSION = "bolt";
  static final String CRC = "crc";

  protected VersionedTransport(ClientTransportConfig config) {
    super(config);
  }

  @Override
  protected Url convertProviderToUrl(ClientTransportConfig config, ProviderInfo provider) {
    Url plain = super.convertProviderToUrl(config, provider);
    String version = config.getConsumerConfig().getParameter(VERSION);
    if (version == null || version.equals("1")) {
      return plain;
    }
    // sofa-bolt keeps connections by this key; one of another version must not be taken for this.
    String key = plain.getUniqueKey() + "/" + version;
    Url url = new Url(plain.getOriginUrl(), plain.getIp(), plain.getPort(), key, null);
    url.setConnectTimeout(plain.getConnectTimeout());
    url.setConnNum(plain.getConnNum());
    url.setConnWarmup(false);
    url.setProtocol(RpcProtocolV2.PROTOCOL_CODE);
    url.setVersion(version.equals("2.2") ? RpcProtocolV2.PROTOCOL_VERSION_2 : RpcProtocolV2.PROTOCOL_VERSION_1);
    return url;
  }

  @Override
  protected InvokeContext createInvokeContext(SofaRequest request) {
    InvokeContext context = super.createInvokeContext(request);
    if ("false".equals(transportConfig.getConsumerConfig().getParameter(CRC))) {
      context.put(InvokeContext.BOLT_CRC_SWITCH, false);
    }
    return context;
  }
}
