/** A request as messages name it: `com.acme.UserService/getUser`, or `shop.example/cart/add` where methods are paths. */
export function requestName(service: string, method: string): string {
  return method.startsWith('/') ? `${service}${method}` : `${service}/${method}`;
}
