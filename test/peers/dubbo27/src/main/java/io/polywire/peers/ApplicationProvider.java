package io.polywire.peers;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.util.HashMap;
import java.util.Map;
import org.apache.dubbo.config.ApplicationConfig;
import org.apache.dubbo.config.ProtocolConfig;
import org.apache.dubbo.config.RegistryConfig;
import org.apache.dubbo.config.ServiceConfig;
import org.apache.dubbo.config.bootstrap.DubboBootstrap;
import org.apache.dubbo.rpc.RpcContext;

/**
 * A provider of Dubbo 2.7 that registers by application, which only its bootstrap does. The argument is that of `Provider`, of which the first
 * export's `CallService` is exported. Commands: `stop`.
 */
public final class ApplicationProvider {
  private ApplicationProvider() {}

  public static void main(String[] arguments) throws Exception {
    Commands.claimStandardOutput();
    JsonObject settings = JsonParser.parseString(arguments[0]).getAsJsonObject();
    JsonObject export = settings.getAsJsonArray("exports").get(0).getAsJsonObject();
    ApplicationConfig application = Provider.application(Settings.text(settings, "application", "peer-provider"));
    ProtocolConfig protocol = new ProtocolConfig("dubbo", export.get("port").getAsInt());
    protocol.setHost("127.0.0.1");
    ServiceConfig<CallService> service = new ServiceConfig<>();
    service.setInterface(CallService.class);
    service.setRef(
        new CallServiceImpl(
            Settings.text(export, "name", "provider"), () -> new HashMap<>(RpcContext.getContext().getAttachments())));
    service.setGroup(Settings.text(export, "group", null));
    service.setVersion(Settings.text(export, "version", null));
    DubboBootstrap.getInstance()
        .application(application)
        .registry(new RegistryConfig(Settings.text(settings, "registry", "") + "?registry-type=service"))
        .protocol(protocol)
        .service(service)
        .start();
    Commands.serve(Map.of(), command -> stop());
  }

  private static Object stop() {
    Daemons.thread(() -> System.exit(0)).start();
    return true;
  }
}
