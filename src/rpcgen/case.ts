/** Turns the names of a `.x` file into the case that TypeScript has for them. */

/** `kv_put_args` → `KvPutArgs`, `KV_V1` → `KvV1`, `READ3args` → `READ3args`. */
export function pascalCase(name: string): string {
  return identifier(wordsOf(name).map(capitalized).join(""));
}

/** `mod_revision` → `modRevision`, `READ_INDEX` → `readIndex`, `READ3args` → `read3args`. */
export function camelCase(name: string): string {
  const [first = "", ...rest] = wordsOf(name);
  return identifier(uncapitalized(first) + rest.map(capitalized).join(""));
}

/** The words between underscores; one that is all capitals is lowered. */
function wordsOf(name: string): string[] {
  return name
    .split("_")
    .filter((word) => word !== "")
    .map((word) => (/[a-z]/.test(word) ? word : word.toLowerCase()));
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** Lowers the capitals at the beginning, but for the one that begins the next word: `XMLName` → `xmlName`. */
function uncapitalized(word: string): string {
  return word.replace(/^[A-Z]+/, (capitals) => {
    const nextWord = capitals.length > 1 && /[a-z]/.test(word.charAt(capitals.length)) ? 1 : 0;
    return (
      capitals.slice(0, capitals.length - nextWord).toLowerCase() + capitals.slice(capitals.length - nextWord)
    );
  });
}

function identifier(name: string): string {
  return /^[A-Za-z]/.test(name) ? name : `_${name}`;
}
