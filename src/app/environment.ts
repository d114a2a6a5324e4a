/** Variables of a process, by name. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Those of `names` that are set. */
export function pick(env: Environment, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap(name => (env[name] === undefined ? [] : [[name, env[name]]])))
}
