import * as z from 'zod'
import type { Clock } from '../clock.ts'
import { unlessAborted } from '../deadlines.ts'
import { inWords } from '../duration.ts'
import type { Context } from '../engine/context.ts'
import { CrewError } from '../errors.ts'
import { isObject, type Json, type JsonObject, type JsonSchema } from '../json.ts'
import type { Effects } from '../store/events.ts'

/** Something a model may do besides talking. */
export interface Tool {
  readonly name: string
  /** Said to the model. */
  readonly description: string
  readonly parameters: JsonSchema
  /** Absent when it touches only what is journaled, itself or through steps of its own. */
  readonly effects?: Effects
  /** What it does outside of the run; absent when it does nothing there. Whatever it does there needs a permission. */
  readonly reach?: Reach
  /** How the pattern of a permission rule for it is split: like a path (the default) or like words. */
  readonly spelling?: 'path' | 'words'
  /** Milliseconds that it needs at the most, when it ends by itself after a time of its own. */
  readonly deadline?: number
  /**
   * What a call would touch. Acts on nothing, and rejects with `tool-failed` where the call could not be made whatever a
   * person says: wrong arguments, a path that leads outside. Absent when every argument counts as it is.
   */
  plan?(args: JsonObject, place: Ground): Promise<Plan>
  /**
   * Of a tool that somebody else describes: what is different by now from what the model was told; a person has to accept
   * that before it is called. Acts on nothing.
   */
  change?(signal: AbortSignal): Promise<Change | undefined>
  /** The same tool, for a call for which that was accepted. */
  after?(change: Change): Tool
  /** Checks `args` against `parameters`. Rejects with a CrewError `tool-failed` whose message is for the model. */
  call(args: JsonObject, setting: Setting): Promise<Json>
}

/** What a tool does to the world: looks at files, changes them, starts programs, talks to others. */
type Reach = 'reads' | 'writes' | 'executes' | 'connects'

/** What a call is about to do. */
export interface Plan {
  /**
   * All that it touches, each in the parts that a permission rule matches one by one: the names of a path below the root,
   * the words of a command line, the parts of an address between its slashes.
   */
  readonly touches: readonly (readonly string[])[]
  /** What a person is shown, besides the arguments, before it happens: a diff, a command line. */
  readonly preview?: string
}

/** A tool is not what it was when the run began. */
export interface Change {
  readonly question: string
  readonly detail: JsonObject
  /** Of the tool as it is now. */
  readonly fingerprint: string
}

/** A folder besides the working folder that tools may touch: what is in it is written `NAME:/path`. */
export interface Root {
  readonly name: string
  /** Absolute. */
  readonly folder: string
}

/** Where a tool works. */
export interface Ground {
  /** The working folder: paths are relative to it. */
  readonly root: string
  readonly roots?: readonly Root[]
  /**
   * Whether a tool may touch something that it comes across in a folder, given in the parts that permission rules
   * match. Files and folders that it may not touch are left out. Without it, all may be touched.
   */
  readonly mayTouch?: (tool: string, parts: readonly string[]) => boolean
}

export interface Setting extends Ground {
  /** Of the step that the call is. */
  readonly ctx: Context
  /** Waits for somebody while others may work in the place of the agent. */
  readonly aside: <T>(wait: () => Promise<T>) => Promise<T>
  /** Aborts when the call is no longer wanted, or its time is over. */
  readonly signal: AbortSignal
}

/** How a tool is used: as the step of `ctx`, for `deadline` milliseconds at the most. */
interface Use extends Omit<Setting, 'signal'> {
  readonly clock: Clock
  readonly deadline: number
}

interface Draft<Args extends z.ZodObject>
  extends Pick<Tool, 'name' | 'description' | 'effects' | 'reach' | 'spelling' | 'deadline'> {
  readonly args: Args
  plan?(args: z.infer<Args>, place: Ground): Promise<Plan>
  run(args: z.infer<Args>, setting: Setting): Promise<Json>
}

/** A tool whose parameters and checks come from one schema. */
export function defineTool<Args extends z.ZodObject>(draft: Draft<Args>): Tool {
  const { args: schema, plan, run, ...more } = draft
  const read = (args: JsonObject) => {
    const checked = schema.safeParse(args)
    if (checked.success) return checked.data
    const problems = checked.error.issues.map(
      ({ path, message }) => `${path.join('.') || 'arguments'}: ${message}`,
    )
    throw toolFailed(`${more.name} was called with wrong arguments. ${problems.join('; ')}`)
  }
  let parameters: JsonSchema | undefined
  return {
    ...more,
    // Most tools of crew are offered to nobody.
    get parameters() {
      parameters ??= parametersOf(schema)
      return parameters
    },
    ...(plan && { plan: async (args: JsonObject, place: Ground) => plan(read(args), place) }),
    call: async (args, setting) => run(read(args), setting),
  }
}

/**
 * Calls a tool. One that acts on the world has to be done in time: rejects with `timeout` otherwise, or at once with the
 * reason of the step's signal, whether the tool heeds its signal or not. What others do for it has its own deadlines.
 */
export async function runTool(
  tool: Tool,
  args: JsonObject,
  { ctx, clock, deadline, ...ground }: Use,
): Promise<Json> {
  if (!tool.effects) return tool.call(args, { ...ground, ctx, signal: ctx.signal })
  const over = new AbortController()
  const signal = AbortSignal.any([ctx.signal, over.signal])
  const cancel = clock.after(deadline, () => over.abort(tooLate(tool.name, deadline)))
  try {
    return await unlessAborted(tool.call(args, { ...ground, ctx, signal }), signal)
  } finally {
    cancel()
  }
}

function tooLate(tool: string, deadline: number): CrewError {
  return new CrewError('timeout', `${tool} was not done after ${inWords(deadline)}`, {
    hint: 'raise timeout.tool of the agent',
  })
}

export function toolFailed(message: string, cause?: unknown): CrewError {
  return new CrewError('tool-failed', message, { cause })
}

function parametersOf(schema: z.ZodObject): JsonSchema {
  const { $schema, ...parameters } = z.toJSONSchema(schema, { io: 'input' })
  return isObject(parameters) ? parameters : {}
}
