/**
 * The test runner: `tsx test/run.ts [part-of-a-path …]`.
 *
 * uvu exits 0 for a file that forgot `.run()`, that ran no test, or that threw something other than an Error.
 * So each `*.test.ts` file runs in a process of its own, with a time limit, and its summary is read: a file
 * without one, or with no test in it, has failed. The last line is always `N passed, N failed, N skipped`.
 *
 * A file may ask for another limit in a comment of its own: `// test-limit-ms: 300000`.
 */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const TEST_DIRECTORY = dirname(fileURLToPath(import.meta.url));
const DEFAULT_LIMIT_MS = 120_000;

interface Outcome {
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Why the file as a whole failed; undefined when it did not. */
  readonly problem: string | undefined;
  readonly output: string;
  readonly seconds: number;
}

function testFiles(patterns: readonly string[]): string[] {
  return readdirSync(TEST_DIRECTORY, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts"))
    .filter((file) => patterns.length === 0 || patterns.some((pattern) => `test/${file}`.includes(pattern)))
    .sort();
}

function limitMs(path: string): number {
  const asked = /^\/\/ test-limit-ms: (\d+)$/m.exec(readFileSync(path, "utf8"));
  return asked === null ? DEFAULT_LIMIT_MS : Number(asked[1]);
}

function count(output: string, label: string): number | undefined {
  const found = new RegExp(`^\\s*${label}:\\s+(\\d+)\\s*$`, "m").exec(output);
  return found === null ? undefined : Number(found[1]);
}

function judge(file: string, output: string, exit: string, seconds: number): Outcome {
  const total = count(output, "Total");
  const passed = count(output, "Passed") ?? 0;
  const skipped = count(output, "Skipped") ?? 0;
  // uvu does not count skipped tests among the total.
  const failed = (total ?? 0) - passed;
  let problem: string | undefined;
  if (total === undefined) problem = `no summary (${exit}): does the file call test.run()?`;
  else if (total + skipped === 0) problem = "ran no test";
  else if (exit !== "exit 0" && failed === 0) problem = exit;
  return {
    file,
    passed,
    failed: problem === undefined ? failed : failed + 1,
    skipped,
    problem,
    output,
    seconds,
  };
}

/** Runs one file in a process group of its own, so that a time-out also ends what the test started. */
function run(file: string): Promise<Outcome> {
  const path = join(TEST_DIRECTORY, file);
  const started = performance.now();
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ["--import", "tsx", path], {
      detached: true,
      env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    let timedOut = false;
    const collect = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    const limit = limitMs(path);
    const timer = setTimeout(() => {
      timedOut = true;
      process.kill(-child.pid!, "SIGKILL");
    }, limit);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const exit = timedOut
        ? `not done after ${limit} ms`
        : signal === null
          ? `exit ${code}`
          : `ended by ${signal}`;
      resolve(judge(file, output, exit, (performance.now() - started) / 1000));
    });
  });
}

function report(outcome: Outcome): void {
  const ok = outcome.failed === 0;
  const skipped = outcome.skipped > 0 ? `, ${outcome.skipped} skipped` : "";
  const time = `${outcome.seconds.toFixed(1)} s`;
  console.log(`${ok ? "ok  " : "FAIL"}  ${outcome.file}  ${outcome.passed} passed${skipped}  ${time}`);
  if (outcome.skipped > 0 && ok) console.log(outcome.output.replace(/^/gm, "      ").trimEnd());
  if (ok) return;
  if (outcome.problem !== undefined) console.log(`      ${outcome.problem}`);
  console.log(outcome.output.replace(/^/gm, "      ").trimEnd());
}

async function main(): Promise<void> {
  const files = testFiles(process.argv.slice(2));
  const waiting = [...files];
  const outcomes: Outcome[] = [];
  const worker = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const outcome = await run(file);
      report(outcome);
      outcomes.push(outcome);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));

  const sum = (pick: (outcome: Outcome) => number): number =>
    outcomes.reduce((all, one) => all + pick(one), 0);
  const passed = sum((outcome) => outcome.passed);
  const failed = sum((outcome) => outcome.failed);
  const slowest = [...outcomes].sort((a, b) => b.seconds - a.seconds).slice(0, 3);
  console.log(
    `\nslowest: ${slowest.map((one) => `${relative(".", one.file)} ${one.seconds.toFixed(1)} s`).join(", ")}`,
  );
  console.log(`${passed} passed, ${failed} failed, ${sum((outcome) => outcome.skipped)} skipped`);
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
}

await main();
