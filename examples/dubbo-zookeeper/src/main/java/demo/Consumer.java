package demo;

import java.util.Map;
import java.util.TreeMap;
import org.apache.dubbo.config.ApplicationConfig;
import org.apache.dubbo.config.ReferenceConfig;
import org.apache.dubbo.config.RegistryConfig;
import org.apache.dubbo.rpc.RpcContext;

/** {@code demo.Consumer <zookeeper://... or dubbo://...> [--tag <tag>]}: says who answered each 100 calls. */
public final class Consumer {
  public static void main(String[] arguments) throws Exception {
    String address = arguments[0];
    String tag = arguments.length > 2 && arguments[1].equals("--tag") ? arguments[2] : null;

    ReferenceConfig<DemoService> reference = new ReferenceConfig<>();
    reference.setApplication(new ApplicationConfig("demo-consumer"));
    reference.setInterface(DemoService.class);
    if (address.startsWith("dubbo://")) {
      reference.setUrl(address); // all that changes: Polywire instead of the registry
    } else {
      reference.setRegistry(new RegistryConfig(address));
    }
    DemoService demo = reference.get();

    while (true) {
      Map<String, Integer> answers = new TreeMap<>();
      String reason = "";
      for (int i = 0; i < 100; i++) {
        try {
          answers.merge(call(demo, tag), 1, Integer::sum);
        } catch (RuntimeException failure) {
          answers.merge("failed", 1, Integer::sum);
          reason = " " + rootOf(failure).getMessage();
        }
        Thread.sleep(10);
      }
      System.out.println((tag == null ? "no tag" : tag) + ": " + answers + reason);
    }
  }

  /** Who answered. */
  private static String call(DemoService demo, String tag) {
    if (tag != null) {
      RpcContext.getClientAttachment().setAttachment("dubbo.tag", tag);
    }
    String answer = demo.sayHello("world");
    return answer.substring(answer.lastIndexOf(' ') + 1);
  }

  private static Throwable rootOf(Throwable failure) {
    return failure.getCause() == null ? failure : rootOf(failure.getCause());
  }
}
