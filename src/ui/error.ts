import { type CrewError, EXIT } from '../errors.ts'
import { styleFor } from './style.ts'
import { sanitize } from './text.ts'

/** An error as a person reads it on stderr: what happened, and the one thing that mends it. */
export function describeError({ message, exit, details: { hint, stack } }: CrewError): string {
  const style = styleFor(process.stderr)
  const defect =
    exit === EXIT.defect ? `${sanitize(stack ?? '')}\nThis is a defect of crew itself; please report it.` : ''
  return [
    `${style.red('crew:')} ${sanitize(message)}`,
    ...(hint ? [`${style.cyan('→')} ${sanitize(hint)}`] : []),
    ...(defect ? [style.dim(defect)] : []),
  ].join('\n')
}
