import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Where programs may lie that are not on everybody's PATH. */
const MORE_DIRECTORIES = ["/usr/sbin", "/usr/local/go/bin", "/usr/local/bin"];

/** The path of a program, or undefined when it is not installed. */
export function findTool(name: string): string | undefined {
  const directories = [...(process.env["PATH"] ?? "").split(delimiter), ...MORE_DIRECTORIES];
  return directories.map((directory) => join(directory, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
