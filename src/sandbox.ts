import { accessSync, constants, existsSync, realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, isAbsolute, join, sep } from 'node:path'
import * as z from 'zod'
import type { Clock } from './clock.ts'
import { CrewError } from './errors.ts'
import { type Command, run } from './spawn.ts'

const inside = z
  .string()
  .min(1)
  .refine(path => !isAbsolute(path) && !path.split(/[\\/]/).includes('..') && !path.includes('\0'), {
    message: "it must be a path below the team's folder",
  })

const common = {
  network: z.boolean().optional().describe('Whether programs may use the network; by default not'),
  writable: z
    .array(inside)
    .optional()
    .describe("What they may write, relative to the team's folder; by default all of it"),
}

const bwrap = z.strictObject({
  kind: z.literal('bwrap'),
  ...common,
  readable: z
    .array(z.string().refine(isAbsolute, { message: 'it must be an absolute path' }))
    .optional()
    .describe('Folders that they may read besides the system and the folder of the team'),
})

const container = z.strictObject({
  kind: z.literal('container'),
  command: z.enum(['docker', 'podman', 'nerdctl']).optional().describe('By default docker'),
  image: z
    .string()
    .regex(/^[A-Za-z0-9][\w./:@-]*$/, 'an image is named like node:22 or registry.example/team/image:1')
    .describe('It is never pulled'),
  ...common,
  memory: z
    .string()
    .regex(/^\d+[bkmg]$/i, 'memory is written like 512m or 2g')
    .optional(),
  cpus: z.number().positive().optional(),
})

/** What keeps programs from the rest of the machine, as a team file declares it. */
export const sandbox = z
  .union([z.literal('bwrap'), z.discriminatedUnion('kind', [bwrap, container])])
  .describe('What tools that run programs run them in; when it is not there, no run begins')

export type SandboxSpec = z.infer<typeof sandbox>
type BwrapSpec = z.infer<typeof bwrap>
type ContainerSpec = z.infer<typeof container>

/** Somewhere for programs to run. */
export interface Sandbox {
  /**
   * The command that runs `command` inside: with its working folder at the same path, its declared environment and
   * nothing of the rest of the machine.
   */
  wrap(command: Command): Command
}

interface Surroundings {
  readonly clock: Clock
  /** The folder of the team. */
  readonly root: string
  readonly signal?: AbortSignal
}

/** Milliseconds for a program that does nothing. */
const PROBE = 30_000

/** A sandbox that was tried out. Rejects with `sandbox-missing` when programs cannot run in it. */
export async function openSandbox(
  declared: SandboxSpec,
  { clock, root, signal = new AbortController().signal }: Surroundings,
): Promise<Sandbox> {
  const spec = declared === 'bwrap' ? { kind: declared } : declared
  const name = spec.kind === 'bwrap' ? 'bwrap' : (spec.command ?? 'docker')
  const program = locate(name)
  if (program === undefined) throw missing(spec, name, `${name} was not found`)
  const opened: Sandbox = {
    wrap: command =>
      spec.kind === 'bwrap'
        ? inBwrap(command, spec, program)
        : inContainer(command, spec, program, nameFor(clock)),
  }
  if (holdsHome(real(root))) throw holdsTooMuch(root)
  const absent = (spec.writable ?? []).find(path => !existsSync(join(root, path)))
  if (absent !== undefined) throw notThere(absent)
  const nothing = { argv: ['true'], cwd: root, env: {}, deadlines: { total: PROBE }, signal }
  try {
    await run(opened.wrap(nothing), clock)
  } catch (thrown) {
    if (!(thrown instanceof CrewError) || signal.aborted) throw thrown
    throw missing(spec, name, thrown.message, thrown)
  }
  return opened
}

/** The absolute path of a program, looked for where crew itself looks: what a tool declares as PATH has no say in it. */
function locate(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(isAbsolute)
  return folders.map(folder => join(folder, name)).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function missing(
  spec: BwrapSpec | ContainerSpec,
  name: string,
  problem: string,
  cause?: CrewError,
): CrewError {
  const hint =
    spec.kind === 'bwrap'
      ? 'install bubblewrap and let users create namespaces, or take "sandbox" out of the team file'
      : `see that ${name} runs and has the image: ${name} pull ${spec.image}`
  const message = `the team asks for a sandbox that does not work here: ${problem}`
  return new CrewError('sandbox-missing', message, { hint, cause })
}

function holdsHome(folder: string): boolean {
  const home = real(homedir())
  return home === folder || home.startsWith(folder.endsWith(sep) ? folder : folder + sep)
}

function holdsTooMuch(root: string): CrewError {
  const message = `no sandbox keeps programs from your home folder while the team's folder, ${root}, has it in it`
  return new CrewError('sandbox-missing', message, { hint: 'move the team into a folder of its own' })
}

function notThere(path: string): CrewError {
  return new CrewError('sandbox-missing', `sandbox.writable names "${path}", which does not exist`, {
    hint: `create it: mkdir ${path}`,
  })
}

/** Parts of a system that programs need and that hold nothing of its users. */
const SYSTEM = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/etc', '/opt', '/nix/store']
/** Where the names of the network are kept, behind links in /etc. */
const NAMES = ['/run/systemd/resolve', '/run/NetworkManager/resolv.conf']

/** Variables that could change what the sandbox itself does, and so are set inside of it only. */
const STEERING = /^(?:LD_.*|DYLD_.*|PATH|HOME|TMPDIR|XDG_.*|DOCKER_.*|CONTAINER.*|NERDCTL_.*|REGISTRY_.*)$/

/** The values of the other variables stay out of the list of processes. */
function divided(env: Command['env']) {
  const entries = Object.entries(env)
  return {
    env: Object.fromEntries(entries.filter(([name]) => !STEERING.test(name))),
    steering: entries.filter(([name]) => STEERING.test(name)),
  }
}

function inBwrap(command: Command, spec: BwrapSpec, program: string): Command {
  const folder = real(command.cwd)
  const { network = false, readable = [] } = spec
  const { env, steering } = divided(command.env)
  const home = [['HOME', '/tmp'] as const, ['TMPDIR', '/tmp'] as const]
  return {
    ...command,
    env,
    argv: [
      ...[program, '--unshare-all', ...(network ? ['--share-net'] : [])],
      ...['--die-with-parent', '--new-session', '--cap-drop', 'ALL'],
      ...[...SYSTEM, ...(network ? NAMES : [])].flatMap(path => ['--ro-bind-try', path, path]),
      ...['--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp'],
      ...readable.flatMap(path => ['--ro-bind-try', path, path]),
      ...[spec.writable ? '--ro-bind' : '--bind', folder, folder],
      ...writableIn(folder, spec).flatMap(path => ['--bind', path, path]),
      ...[...home, ...steering].flatMap(([name, value]) => ['--setenv', name, value]),
      ...['--chdir', folder, '--', ...command.argv],
    ],
  }
}

function inContainer(command: Command, spec: ContainerSpec, program: string, name: string): Command {
  const folder = real(command.cwd)
  const { network = false, memory, cpus } = spec
  const { env, steering } = divided(command.env)
  const [inner = '', ...args] = command.argv
  const user = process.getuid && process.getgid ? ['--user', `${process.getuid()}:${process.getgid()}`] : []
  return {
    ...command,
    env,
    argv: [
      ...[program, 'run', '--rm', '--interactive', '--init', '--name', name, '--pull', 'never'],
      ...[...(network ? [] : ['--network', 'none']), ...user],
      ...['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--pids-limit', '1000'],
      ...['--read-only', '--tmpfs', '/tmp:rw,exec,nosuid,nodev'],
      ...(memory === undefined ? [] : ['--memory', memory]),
      ...(cpus === undefined ? [] : ['--cpus', String(cpus)]),
      ...mount(folder, !spec.writable),
      ...writableIn(folder, spec).flatMap(path => mount(path, true)),
      ...['--workdir', folder, '--env', 'HOME=/tmp'],
      ...Object.keys(env).flatMap(variable => ['--env', variable]),
      ...steering.flatMap(([variable, value]) => ['--env', `${variable}=${value}`]),
      ...['--entrypoint', inner, spec.image, ...args],
    ],
    ending: [program, 'rm', '--force', name],
  }
}

function nameFor(clock: Clock): string {
  return `crew-${process.pid}-${Math.floor(clock.random() * 2 ** 47).toString(36)}`
}

/** The option is read like a line of CSV. */
function mount(path: string, isWritable: boolean): string[] {
  const field = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
  const fields = ['type=bind', field(`source=${path}`), field(`target=${path}`)]
  return ['--mount', [...fields, ...(isWritable ? [] : ['readonly'])].join(',')]
}

/** What is declared writable, as far as it is there and no link in it leads out of `folder`. */
function writableIn(folder: string, { writable = [] }: Pick<BwrapSpec, 'writable'>): string[] {
  return writable
    .map(path => real(join(folder, path)))
    .filter(path => existsSync(path) && (path === folder || path.startsWith(folder + sep)))
}

/** Without the links in it; as it is when there is nothing. */
function real(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
