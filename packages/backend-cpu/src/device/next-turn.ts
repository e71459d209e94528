/**
 * Calls back in a later turn of the event loop, after timers and input had their chance, and as soon as they
 * did: a zero timeout would be clamped to milliseconds.
 */
export function nextTurn(callback: () => void): void {
  // Looked up on the global object, because browsers have no `setImmediate`.
  const { setImmediate: immediate } = globalThis as { setImmediate?: (callback: () => void) => void };
  if (immediate) {
    immediate(callback);
    return;
  }
  const channel = new MessageChannel();
  channel.port1.onmessage = () => {
    channel.port1.close();
    callback();
  };
  channel.port2.postMessage(null);
}
