import { spawn } from "node:child_process";
import { join } from "node:path";
import { ROOT } from "./child-programs.ts";
import { eventually } from "./eventually.ts";

/** A bash that is given commands as a user types them, with `bin/` on its PATH. */
export class Shell {
  private readonly process;
  private readonly ended: Promise<void>;
  private stdout = "";
  /** What all commands have said on stderr, those in the background too. */
  stderr = "";
  private commands = 0;

  constructor(cwd: string) {
    const path = `${join(ROOT, "bin")}:${process.env["PATH"]}`;
    this.process = spawn("bash", { cwd, env: { ...process.env, PATH: path }, stdio: "pipe" });
    this.process.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    this.process.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.ended = new Promise((resolve) => this.process.once("close", () => resolve()));
  }

  /** Runs a command in the foreground, or begins one in the background. @returns its stdout */
  async run(command: string): Promise<string> {
    const marker = `--- end of command ${++this.commands}\n`;
    const from = this.stdout.length;
    this.process.stdin.write(`${command}\necho '${marker.trimEnd()}'\n`);
    await eventually(`"${command}" ends`, () => (this.stdout.endsWith(marker) ? true : undefined));
    return this.stdout.slice(from, -marker.length);
  }

  /** Ends all background commands with a signal, and the shell with them. */
  async end(signal: "TERM" | "KILL"): Promise<void> {
    this.process.stdin.end(`kill -${signal} $(jobs -p) 2>/dev/null\nwait\n`);
    await this.ended;
  }
}
