/** The simulated clock and network themselves: what they do to those who trust them. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { KvV1Client, kvV1Service } from "../../src/kv/gen/kv.ts";
import { unformedKvHandlers } from "../../src/kv/unformed-services.ts";
import { RpcTimeoutError, RpcTransportError } from "../../src/oncrpc/errors.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { ProcessClock, SimulatedClock } from "../support/simulated-clock.ts";
import { CALM, type SimulatedHost, SimulatedNetwork } from "../support/simulated-network.ts";

test("timers go off in the order of their times, and of one time in the order in which they were set", async () => {
  const clock = new SimulatedClock();
  const seen: string[] = [];
  for (const [name, ms] of [
    ["d", 20],
    ["a", 5],
    ["b", 5],
    ["e", 20],
    ["c", 7],
  ] as const) {
    clock.after(ms, () => seen.push(`${name} ${clock.nowMs}`));
  }
  await clock.advance(10);
  assert.equal([seen.join(), clock.nowMs], ["a 5,b 5,c 7", 10]);
  await clock.advance(10);
  assert.is(seen.join(), "a 5,b 5,c 7,d 20,e 20");
});

test("all that a timer settles is followed to its end before time goes on", async () => {
  const clock = new SimulatedClock();
  const seen: number[] = [];
  clock.after(1, () => {
    void (async () => {
      for (let i = 0; i < 100; i++) await null;
      seen.push(clock.nowMs);
    })();
  });
  clock.after(2, () => seen.push(clock.nowMs));
  await clock.advance(5);
  assert.equal(seen, [1, 2]);
});

test("a timer that was taken back, or whose process has ended, does not go off", async () => {
  const clock = new SimulatedClock();
  const process = new ProcessClock(clock, 5_000);
  const seen: string[] = [];
  const takeBack = process.after(1, () => seen.push("taken back"));
  process.after(2, () => seen.push(`at ${process.nowMs()}`));
  process.after(3, () => seen.push("too late"));
  takeBack();
  await clock.advance(2);
  process.end();
  await clock.advance(2);
  assert.equal(seen, ["at 5002"]);
});

test("waiting for what does not come ends with an error", async () => {
  const clock = new SimulatedClock();
  let message = "";
  await clock
    .until(() => false, 50, "pigs fly")
    .catch((error: Error) => {
      message = error.message;
    });
  assert.is(message, "waited 50 ms in vain until pigs fly");
});

/** A server at s:1, and a client that asks it for its status. */
class Bench {
  readonly clock = new SimulatedClock();
  readonly network = new SimulatedNetwork(this.clock, seededRandom(3));
  readonly events: string[] = [];
  served = 0;
  server: SimulatedHost = this.start();
  private readonly link = this.network.host("c:1").link("s:1", {
    onConnect: () => this.events.push("connected"),
    onDisconnect: () => this.events.push("disconnected"),
  });

  start(): SimulatedHost {
    const handlers = unformedKvHandlers(1, "s:1");
    const status = (): ReturnType<typeof handlers.status> => {
      this.served += 1;
      return handlers.status({} as never);
    };
    this.server = this.network.host("s:1");
    this.server.serve([kvV1Service({ ...handlers, status })]);
    return this.server;
  }

  /** "answered", or the code of the error and whether the call was sent. */
  ask(timeoutMs: number = 100): { outcome: string } {
    const asked = { outcome: "" };
    new KvV1Client(this.link).status({ timeoutMs }).then(
      () => {
        asked.outcome = "answered";
      },
      (error: unknown) => {
        assert.ok(error instanceof RpcTransportError || error instanceof RpcTimeoutError);
        asked.outcome = `${error.code} ${error.sent ? "sent" : "not sent"}`;
      },
    );
    return asked;
  }

  async outcomeOf(asked: { outcome: string }): Promise<string> {
    await this.clock.until(() => asked.outcome !== "", 5_000, "it is answered");
    return asked.outcome;
  }
}

test("a call is carried there and back, and takes its time", async () => {
  const bench = new Bench();
  assert.is(await bench.outcomeOf(bench.ask()), "answered");
  assert.ok(bench.clock.nowMs >= 4 * CALM.minDelayMs && bench.clock.nowMs <= 4 * CALM.maxDelayMs);
  assert.equal(bench.events, ["connected"]);
});

test("nobody there: the call was not sent", async () => {
  const bench = new Bench();
  bench.server.end();
  assert.is(await bench.outcomeOf(bench.ask()), "CONNECT_FAILED not sent");
});

test("a process that ends takes its connections with it, and the calls on them", async () => {
  const bench = new Bench();
  await bench.outcomeOf(bench.ask());
  const asked = bench.ask();
  bench.server.end();
  assert.is(await bench.outcomeOf(asked), "CONNECTION_LOST sent");
  assert.equal(bench.events, ["connected", "disconnected"]);
  bench.start();
  assert.is(await bench.outcomeOf(bench.ask()), "answered");
});

test("what is sent over a way that is cut is held up, and arrives when it is open again", async () => {
  const bench = new Bench();
  await bench.outcomeOf(bench.ask());
  bench.network.cut("c:1", "s:1");
  assert.is(await bench.outcomeOf(bench.ask()), "CALL_TIMEOUT sent");
  assert.is(bench.served, 1);
  bench.network.heal();
  await bench.clock.advance(10);
  assert.is(bench.served, 2, "late, but it does");
  bench.network.cut("s:1", "c:1");
  assert.is(await bench.outcomeOf(bench.ask()), "CALL_TIMEOUT sent");
  assert.is(bench.served, 3, "only the way back was cut");
});

test("no connection can be made over a way that is cut", async () => {
  const bench = new Bench();
  bench.network.cut("s:1", "c:1");
  assert.is(await bench.outcomeOf(bench.ask(3_000)), "CONNECT_TIMEOUT not sent");
  bench.network.heal();
  assert.is(await bench.outcomeOf(bench.ask()), "answered");
});

test("requests and replies get lost, and requests come twice, as often as the weather says", async () => {
  const bench = new Bench();
  await bench.outcomeOf(bench.ask());
  bench.network.weather = { ...CALM, lostShare: 1 };
  assert.is(await bench.outcomeOf(bench.ask()), "CALL_TIMEOUT sent");
  assert.is(bench.served, 1);
  bench.network.weather = { ...CALM, duplicatedShare: 1 };
  assert.is(await bench.outcomeOf(bench.ask()), "answered");
  assert.is(bench.served, 2, "not what would mind");
  bench.network.mayDuplicate = () => true;
  assert.is(await bench.outcomeOf(bench.ask()), "answered");
  await bench.clock.advance(10);
  assert.is(bench.served, 4);
});

test.run();
