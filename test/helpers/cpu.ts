/**
 * Milliseconds of CPU that this process has used: what a busy machine makes longer for whoever waits does not count. For
 * bounds that only something that grows out of hand exceeds; how fast crew is, bench/ measures.
 */
export function cpuTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
