import * as z from 'zod'
import { commandTool, type DeclaredCommandMeans, declaredCommand } from './declared-command.ts'
import { type HttpMeans, httpTool, httpToolSchema } from './declared-http.ts'
import type { Tool } from './tool.ts'

const toolName = z
  .string()
  .regex(
    /^[A-Za-z][A-Za-z0-9_-]{0,63}$/,
    'a tool is letters, digits, - and _, at most 64, and starts with a letter',
  )

/** Tools of its own that a team file declares, by name. */
export const toolSpecs = z
  .record(toolName, z.union([commandTool, httpToolSchema]))
  .describe('Tools of the team: command lines and requests whose gaps the model fills in')

export type ToolSpecs = z.infer<typeof toolSpecs>

/** What declared tools work with. */
export type DeclaredMeans = DeclaredCommandMeans & HttpMeans

/** The tools that a team declares, by name. Models choose names, so nothing is inherited. */
export function declaredTools(specs: ToolSpecs, means: DeclaredMeans): Readonly<Record<string, Tool>> {
  const tools = Object.entries(specs).map(
    ([name, spec]) =>
      [name, 'run' in spec ? declaredCommand(name, spec, means) : httpTool(name, spec, means)] as const,
  )
  return Object.assign(Object.create(null), Object.fromEntries(tools))
}

/** What the `approve` of declared tools comes to, as rules of the permissions. */
export function rulesOf(specs: ToolSpecs): { readonly allow: string[]; readonly ask: string[] } {
  const those = (approve: 'never' | 'always') =>
    Object.keys(specs).filter(name => specs[name]?.approve === approve)
  return { allow: those('never'), ask: those('always') }
}
