type Listener = () => void;

/** For each signal that is being watched: who wants to know, and the one listener that the signal has for all. */
const watched = new WeakMap<AbortSignal, Set<Listener>>();

/**
 * Calls `listener` when `signal` is aborted.
 *
 * A caller may use one signal for thousands of calls. The signal has one listener for all of them, since Node
 * takes more than ten for a leak, and says so on the standard error.
 *
 * @returns a function that takes the listener back
 */
export function onAbort(signal: AbortSignal, listener: Listener): () => void {
  const listeners = watched.get(signal) ?? watch(signal);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) unwatch(signal, listeners);
  };
}

function watch(signal: AbortSignal): Set<Listener> {
  const listeners = new Set<Listener>();
  watched.set(signal, listeners);
  signal.addEventListener("abort", tellAll);
  return listeners;
}

function unwatch(signal: AbortSignal, listeners: Set<Listener>): void {
  if (watched.get(signal) !== listeners) return;
  watched.delete(signal);
  signal.removeEventListener("abort", tellAll);
}

function tellAll(event: Event): void {
  const listeners = watched.get(event.target as AbortSignal);
  for (const listener of [...(listeners ?? [])]) listener();
}
