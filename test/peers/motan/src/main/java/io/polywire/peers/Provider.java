package io.polywire.peers;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.weibo.api.motan.common.MotanConstants;
import com.weibo.api.motan.config.ProtocolConfig;
import com.weibo.api.motan.config.RegistryConfig;
import com.weibo.api.motan.config.ServiceConfig;
import com.weibo.api.motan.util.MotanSwitcherUtil;
import java.util.Map;

/**
 * An unmodified Motan provider. Its one argument is a JSON object: `registry` (`host:port` of a ZooKeeper), `group`, `version`, `port`.
 * Commands: `available` (with `value`: whether it takes calls, Motan's own switch) and `stop`.
 */
public final class Provider {
  private Provider() {}

  public static void main(String[] arguments) throws Exception {
    Commands.claimStandardOutput();
    JsonObject settings = JsonParser.parseString(arguments[0]).getAsJsonObject();
    RegistryConfig registry = new RegistryConfig();
    registry.setRegProtocol("zookeeper");
    registry.setAddress(Settings.text(settings, "registry", ""));
    ProtocolConfig protocol = new ProtocolConfig();
    protocol.setId("motan");
    protocol.setName("motan");
    ServiceConfig<CallService> service = new ServiceConfig<>();
    service.setInterface(CallService.class);
    service.setRef(new CallServiceImpl("motan", Map::of));
    service.setApplication("peer-motan");
    service.setModule("peers");
    service.setGroup(Settings.text(settings, "group", "g"));
    service.setVersion(Settings.text(settings, "version", "1.0"));
    service.setHost("127.0.0.1");
    service.setRegistry(registry);
    service.setProtocol(protocol);
    service.setExport("motan:" + settings.get("port").getAsInt());
    service.export();
    Commands.serve(Map.of(), command -> handle(service, command));
  }

  private static Object handle(ServiceConfig<CallService> service, JsonObject command) {
    switch (Settings.text(command, "op", "")) {
      case "available":
        MotanSwitcherUtil.setSwitcherValue(MotanConstants.REGISTRY_HEARTBEAT_SWITCHER, Settings.flag(command, "value"));
        return true;
      case "stop":
        service.unexport();
        Daemons.thread(() -> System.exit(0)).start();
        return true;
      default:
        throw new IllegalArgumentException("unknown command " + command);
    }
  }
}
