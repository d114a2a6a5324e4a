/**
 * Whether lines that stand on a terminal may be drawn again: not where nobody looks at it while it changes (CI), where
 * each change is read out, and where it can do no more than a printer.
 */
export function mayRedraw(stream: Pick<NodeJS.WriteStream, 'isTTY'>, env: NodeJS.ProcessEnv): boolean {
  const isSet = (name: string) => !['', '0', 'false', undefined].includes(env[name])
  return (
    Boolean(stream.isTTY) &&
    env.TERM !== 'dumb' &&
    env.TERM !== '' &&
    !isSet('CI') &&
    !isSet('INK_SCREEN_READER')
  )
}
