import type { KvStatusRes } from "../../src/kv/gen/kv.ts";
import { KvV1Client } from "../../src/kv/gen/kv.ts";
import { RpcClient, tcpTransport } from "../../src/oncrpc/index.ts";
import { KV_SERVER, type Outcome, type RunningProgram, start } from "./child-programs.ts";
import { eventually } from "./eventually.ts";

export interface RealServerOptions {
  readonly id: number;
  readonly port: number;
  readonly dataDir: string;
  /** Besides `--id`, `--port` and `--data-dir`. */
  readonly flags: readonly string[];
  /** A command that runs the server, such as strace with its flags. Default: it runs by itself. */
  readonly wrapper?: readonly string[];
  /** For Node itself. */
  readonly nodeFlags?: readonly string[];
}

const STATUS_TIMEOUT_MS = 2_000;

/** A `kv_server` in a process of its own, which can be ended and started again on the same data. */
export class RealServer {
  readonly id: number;
  readonly port: number;
  readonly dataDir: string;
  readonly flags: readonly string[];
  private readonly wrapper: readonly string[];
  private readonly nodeFlags: readonly string[];
  private program: RunningProgram | undefined;

  constructor(options: RealServerOptions) {
    const { id, port, dataDir, flags, wrapper = [], nodeFlags = [] } = options;
    this.id = id;
    this.port = port;
    this.dataDir = dataDir;
    this.flags = flags;
    this.wrapper = wrapper;
    this.nodeFlags = nodeFlags;
  }

  get address(): string {
    return `localhost:${this.port}`;
  }

  get command(): string[] {
    const { id, port, dataDir, flags, wrapper, nodeFlags } = this;
    const own = [`--id=${id}`, `--port=${port}`, `--data-dir=${dataDir}`, ...flags];
    return [...wrapper, process.execPath, ...nodeFlags, KV_SERVER, ...own];
  }

  get isRunning(): boolean {
    if (this.program === undefined) return false;
    const { exitCode, signalCode } = this.program.process;
    return exitCode === null && signalCode === null;
  }

  get pid(): number {
    if (!this.isRunning) throw new Error(`server ${this.id} does not run`);
    return this.program!.pid;
  }

  get hasStarted(): boolean {
    return this.program !== undefined;
  }

  start(): void {
    if (this.isRunning) throw new Error(`server ${this.id} runs already`);
    this.program = start(this.command);
  }

  /** What it has said since it was started last. */
  get stderr(): string {
    return this.program?.stderr() ?? "";
  }

  /** Waits until it has said a line that matches, since it was started last. */
  line(pattern: RegExp): Promise<string> {
    return eventually(`server ${this.id} says ${pattern}`, () =>
      this.stderr.split("\n").find((line) => pattern.test(line)),
    );
  }

  /** From now on nobody reads what it says. */
  closeStderr(): void {
    this.program?.process.stderr?.destroy();
  }

  /** It may have ended by itself a moment ago; then nothing happens. */
  signal(signal: NodeJS.Signals): void {
    if (this.program === undefined) throw new Error(`server ${this.id} was never started`);
    this.program.process.kill(signal);
  }

  /** Sends a signal and waits for the end. */
  kill(signal: NodeJS.Signals): Promise<Outcome> {
    this.signal(signal);
    return this.ended();
  }

  /** Waits for the end. */
  ended(): Promise<Outcome> {
    if (this.program === undefined) throw new Error(`server ${this.id} was never started`);
    return this.program.ended;
  }

  async status(): Promise<KvStatusRes> {
    const rpc = this.connect();
    try {
      return await new KvV1Client(rpc).status();
    } finally {
      rpc.close();
    }
  }

  /** The caller closes it. */
  connect(timeoutMs: number = STATUS_TIMEOUT_MS): RpcClient {
    return new RpcClient(tcpTransport({ host: "127.0.0.1", port: this.port }), { timeoutMs });
  }
}
