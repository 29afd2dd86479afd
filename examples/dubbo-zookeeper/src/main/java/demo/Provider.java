package demo;

import org.apache.dubbo.config.ApplicationConfig;
import org.apache.dubbo.config.ProtocolConfig;
import org.apache.dubbo.config.RegistryConfig;
import org.apache.dubbo.config.ServiceConfig;

/** {@code demo.Provider <version> <port> <registry> [tag]} */
public final class Provider {
  public static void main(String[] arguments) throws Exception {
    String version = arguments[0];
    int port = Integer.parseInt(arguments[1]);

    ServiceConfig<DemoService> service = new ServiceConfig<>();
    service.setApplication(new ApplicationConfig("demo-provider"));
    service.setRegistry(new RegistryConfig(arguments[2]));
    service.setProtocol(new ProtocolConfig("dubbo", port));
    service.setInterface(DemoService.class);
    service.setRef(name -> "Hello " + name + ", this is " + version);
    if (arguments.length > 3) {
      service.setTag(arguments[3]); // dubbo.tag in the provider's URL
    }
    service.export();

    System.out.println(version + " answers on port " + port);
    Thread.currentThread().join();
  }
}
