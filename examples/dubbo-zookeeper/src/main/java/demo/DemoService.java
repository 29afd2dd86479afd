package demo;

public interface DemoService {
  String sayHello(String name);
}
