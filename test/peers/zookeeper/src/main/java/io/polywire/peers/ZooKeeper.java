package io.polywire.peers;

import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.util.List;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.server.DataTree;
import org.apache.zookeeper.server.NIOServerCnxnFactory;
import org.apache.zookeeper.server.ZooKeeperServer;

/**
 * A stand-alone ZooKeeper server on loopback that ends with its test. Arguments: data directory, port, the longest session in
 * milliseconds.
 * Commands, one per line: `tree` prints every path and then a dot; `expire` ends every client's session,
 * `expire 0x1f` that one.
 */
public final class ZooKeeper {
  private static final int TICK_MILLISECONDS = 500;
  private static final int SHORTEST_SESSION_MILLISECONDS = 1000;

  public static void main(String[] arguments) throws Exception {
    File directory = new File(arguments[0]);
    ZooKeeperServer server = new ZooKeeperServer(directory, directory, TICK_MILLISECONDS);
    server.setMinSessionTimeout(SHORTEST_SESSION_MILLISECONDS);
    server.setMaxSessionTimeout(Integer.parseInt(arguments[2]));
    NIOServerCnxnFactory factory = new NIOServerCnxnFactory();
    factory.configure(new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[1])), 0);
    factory.startup(server);
    System.out.println("READY {}");

    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      if (line.equals("tree")) {
        print(server.getZKDatabase().getDataTree(), "/");
      } else if (line.equals("expire")) {
        List.copyOf(server.getSessionTracker().globalSessions()).forEach(server::closeSession);
      } else if (line.startsWith("expire ")) {
        server.closeSession(Long.decode(line.substring("expire ".length())));
      }
      System.out.println(".");
    }
    Runtime.getRuntime().halt(0);
  }

  private static void print(DataTree tree, String path) throws Exception {
    List<String> children;
    try {
      children = tree.getChildren(path, null, null);
    } catch (KeeperException.NoNodeException goneMeanwhile) {
      return;
    }
    System.out.println(path);
    for (String child : children.stream().sorted().toList()) {
      print(tree, path.equals("/") ? "/" + child : path + "/" + child);
    }
  }
}
