package io.polywire.peers;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.util.Map;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.cloud.zookeeper.serviceregistry.ServiceInstanceRegistration;
import org.springframework.cloud.zookeeper.serviceregistry.ZookeeperServiceRegistry;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * A Spring Cloud application that registers in ZooKeeper by its own starter. Its one argument is a JSON object: `registry` (`host:port`),
 * `application`, `port`, and `metadata` (texts). Commands: `status` (with `value`: `UP`, `OUT_OF_SERVICE`) and `stop`.
 */
@EnableAutoConfiguration
public class Provider {
  public static void main(String[] arguments) throws Exception {
    Commands.claimStandardOutput();
    JsonObject settings = JsonParser.parseString(arguments[0]).getAsJsonObject();
    SpringApplicationBuilder builder =
        new SpringApplicationBuilder(Provider.class)
            .web(WebApplicationType.NONE)
            .properties(
                "spring.main.banner-mode=off",
                "logging.level.root=warn",
                "spring.application.name=" + Settings.text(settings, "application", "orders"),
                "spring.cloud.zookeeper.connect-string=" + Settings.text(settings, "registry", ""),
                "spring.cloud.zookeeper.discovery.instance-host=127.0.0.1",
                "spring.cloud.zookeeper.discovery.instance-port=" + settings.get("port").getAsInt());
    Settings.texts(settings, "metadata")
        .forEach((key, value) -> builder.properties("spring.cloud.zookeeper.discovery.metadata." + key + "=" + value));
    ConfigurableApplicationContext context = builder.run();
    ZookeeperServiceRegistry registry = context.getBean(ZookeeperServiceRegistry.class);
    ServiceInstanceRegistration registration = context.getBean(ServiceInstanceRegistration.class);
    // A web server that started would make the application do it by itself.
    registry.register(registration);
    Commands.serve(Map.of(), command -> handle(context, registry, registration, command));
  }

  private static Object handle(
      ConfigurableApplicationContext context,
      ZookeeperServiceRegistry registry,
      ServiceInstanceRegistration registration,
      JsonObject command) {
    switch (Settings.text(command, "op", "")) {
      case "status":
        registry.setStatus(registration, Settings.text(command, "value", "UP"));
        return true;
      case "stop":
        registry.deregister(registration);
        context.close();
        Daemons.thread(() -> System.exit(0)).start();
        return true;
      default:
        throw new IllegalArgumentException("unknown command " + command);
    }
  }
}
