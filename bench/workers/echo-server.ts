/**
 * The Sundial server of bench/peers/libtirpc-echo/echo.x, as `rpcgen-ts` and `RpcServer` make it.
 * Prints its port.
 */
import { RpcServer } from "../../src/oncrpc/index.ts";
import { echoV1Service } from "../gen/echo.ts";

const server = new RpcServer({
  services: [
    echoV1Service({
      null() {},
      echo: (data) => data,
    }),
  ],
});
const { port } = await server.listen();
console.log(port);
