import * as z from 'zod'
import { toCrewError } from '../errors.ts'
import { parseTemplate, renderText, type Scope } from '../expressions/template.ts'
import type { JsonObject } from '../json.ts'
import { type CommandCall, type CommandMeans, planCommand, runCommandCall, TIME_TO_END } from './command.ts'
import { type DeclaredArgs, declaredTool, readArgs, schemaOfArgs } from './declared-args.ts'
import { type Tool, toolFailed } from './tool.ts'

const USUAL_TIMEOUT = 120_000

const variable = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a variable is letters, digits and _, and starts with no digit')

/** A tool that is a command line with gaps, as a team file declares it. */
export const commandTool = z.strictObject({
  ...declaredTool,
  run: z
    .array(z.string())
    .min(1)
    .refine(([program = '']) => program !== '' && !program.includes('${'), {
      message: 'the program is written out, and is no template',
      path: [0],
    })
    .describe('Program and arguments; a template in one of them fills that one, and no shell reads them'),
  stdin: z.string().optional().describe('What the program reads; nothing by default'),
  env: z
    .record(variable, z.string())
    .optional()
    .describe('Environment of the program, beside PATH, HOME, LANG and TMPDIR'),
})

export type CommandToolSpec = z.infer<typeof commandTool>

export interface DeclaredCommandMeans extends CommandMeans {
  /** What its templates see besides `args`: input, env, run. */
  readonly scope: Scope
}

export function declaredCommand(name: string, spec: CommandToolSpec, means: DeclaredCommandMeans): Tool {
  const { description, effects = 'once', timeout = USUAL_TIMEOUT } = spec
  const callOf = async (given: JsonObject): Promise<CommandCall> => {
    const args = await readArgs(name, spec.args, given)
    return { ...filledIn(name, spec, { ...means.scope, args }), timeout }
  }
  return {
    name,
    description,
    parameters: schemaOfArgs(spec.args),
    effects,
    reach: 'executes',
    spelling: 'words',
    deadline: timeout + TIME_TO_END,
    async plan(given) {
      const call = await callOf(given)
      // What it reads was written by whoever declared it: only the words count.
      return { ...planCommand(call), touches: [call.argv] }
    },
    async call(given, setting) {
      const call = await callOf(given)
      planCommand(call)
      return runCommandCall(call, means, setting)
    },
  }
}

function filledIn(tool: string, { args, run, stdin, env = {} }: CommandToolSpec, scope: Scope) {
  const argv = run.map(element => {
    const word = fill(tool, element, scope)
    if (word.startsWith('-') && !mayBeOption(element, args)) throw looksLikeOption(tool, element, word)
    return word
  })
  const variables = Object.entries(env).map(([name, value]) => [name, fill(tool, value, scope)] as const)
  return {
    argv,
    stdin: stdin === undefined ? undefined : fill(tool, stdin, scope),
    env: Object.fromEntries(variables),
  }
}

function fill(tool: string, template: string, scope: Scope): string {
  try {
    return renderText(template, scope)
  } catch (thrown) {
    const { code, message } = toCrewError(thrown)
    if (code !== 'template-failed') throw thrown
    throw toolFailed(`${tool} cannot be called so: ${message}.`, thrown)
  }
}

/**
 * Whether whoever declared an element of the command line has decided that it may begin with a dash: it is written
 * there, or comes of arguments that may have one, or that have no text of their own.
 */
function mayBeOption(element: string, args: DeclaredArgs = {}): boolean {
  const pieces = parseTemplate(element)
  const firstText = pieces.findIndex(piece => typeof piece === 'string')
  const leading = firstText < 0 ? pieces : pieces.slice(0, firstText)
  return leading.every(
    piece =>
      typeof piece !== 'string' &&
      piece.expression.references.every(({ path: [root, field = ''] }) => {
        const argument = root === 'args' && Object.hasOwn(args, field) ? args[field] : undefined
        return argument?.dash === true || argument?.type === 'boolean' || argument?.enum !== undefined
      }),
  )
}

function looksLikeOption(name: string, element: string, word: string): Error {
  const start = JSON.stringify(word.length > 40 ? `${word.slice(0, 40)}…` : word)
  return toolFailed(
    `${name} was not called: ${element} became ${start}, which the program could read as an option. ` +
      'Give a value that does not begin with "-".',
  )
}
