package io.polywire.peers;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.dubbo.common.stream.StreamObserver;

/** What Dubbo 3 has and 2.7 has not: calls with streams of messages. */
final class Streams {
  private static final int ANSWER_SECONDS = 60;

  private Streams() {}

  static Map<Class<?>, Object> services(String provider) {
    return Map.of(StreamService.class, new StreamServiceImpl(provider));
  }

  /** Calls `method` with `args`, and answers what came back until the stream ended. */
  static List<String> call(Object proxy, JsonObject command) throws Exception {
    StreamService service = (StreamService) proxy;
    JsonArray arguments = command.getAsJsonArray("args");
    Collector answers = new Collector();
    if (Settings.text(command, "method", "count").equals("count")) {
      service.count(arguments.get(0).getAsInt(), answers);
    } else {
      StreamObserver<String> said = service.talk(answers);
      for (JsonElement argument : arguments) {
        said.onNext(argument.getAsString());
      }
      said.onCompleted();
    }
    return answers.done.get(ANSWER_SECONDS, TimeUnit.SECONDS);
  }

  private static final class Collector implements StreamObserver<String> {
    private final List<String> answers = new ArrayList<>();
    final CompletableFuture<List<String>> done = new CompletableFuture<>();

    public void onNext(String answer) {
      answers.add(answer);
    }

    public void onError(Throwable failure) {
      done.completeExceptionally(failure);
    }

    public void onCompleted() {
      done.complete(answers);
    }
  }

  private record StreamServiceImpl(String provider) implements StreamService {
    public void count(int messages, StreamObserver<String> answers) {
      for (int i = 0; i < messages; i++) {
        answers.onNext(i + " " + provider);
      }
      answers.onCompleted();
    }

    public StreamObserver<String> talk(StreamObserver<String> answers) {
      return new StreamObserver<>() {
        public void onNext(String said) {
          answers.onNext(said + " " + provider);
        }

        public void onError(Throwable failure) {
          answers.onError(failure);
        }

        public void onCompleted() {
          answers.onCompleted();
        }
      };
    }
  }
}
