import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Clock, systemClock } from '../src/clock.ts'
import { openSandbox, type SandboxSpec, sandbox } from '../src/sandbox.ts'
import { type Command, run, runToEnd } from '../src/spawn.ts'

function folder(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'crew-sandbox-')))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** Puts a shell script of this name before everything else on PATH; it says in a file how it was called. */
function fake(name: string, script: string): () => string[][] {
  const bin = folder()
  const log = join(bin, 'log')
  const program = join(bin, name)
  writeFileSync(
    program,
    `#!/bin/sh\nprintf '%s\\037' "$@" >> '${log}'; printf '\\036' >> '${log}'\n${script}\n`,
  )
  chmodSync(program, 0o755)
  withPath(`${bin}${delimiter}${process.env.PATH}`)
  return () =>
    existsSync(log)
      ? readFileSync(log, 'utf8')
          .split('\x1e')
          .slice(0, -1)
          .map(line => line.split('\x1f').slice(0, -1))
      : []
}

function withPath(path: string): void {
  const before = process.env.PATH
  process.env.PATH = path
  onTestFinished(() => {
    process.env.PATH = before
  })
}

const command = (cwd: string, argv: readonly string[], env: Record<string, string> = {}): Command => ({
  ...{ argv, cwd, env, deadlines: { total: 20_000 }, signal: new AbortController().signal },
})

const open = (spec: SandboxSpec, root: string) =>
  openSandbox(sandbox.parse(spec), { clock: systemClock, root })

/** What follows an option, each time it is there. */
function valuesOf(argv: readonly string[], option: string, count = 1): string[][] {
  return argv.flatMap((word, index) => (word === option ? [argv.slice(index + 1, index + 1 + count)] : []))
}

describe('a sandbox that is asked for and missing', () => {
  it.each([
    ['bwrap', 'bwrap was not found', /install bubblewrap/],
    [
      { kind: 'container', image: 'node:22', command: 'podman' },
      'podman was not found',
      /podman pull node:22/,
    ],
  ] as [SandboxSpec, string, RegExp][])(
    'is refused before anything runs: %j',
    async (spec, problem, hint) => {
      withPath(folder())
      await expect(open(spec, folder())).rejects.toMatchObject({
        code: 'sandbox-missing',
        exit: 2,
        message: `the team asks for a sandbox that does not work here: ${problem}`,
        details: { hint: expect.stringMatching(hint) },
      })
    },
  )

  it('because programs cannot run in it is refused as well', async () => {
    fake('bwrap', 'echo "bwrap: No permissions to create new namespace" >&2; exit 1')
    await expect(open('bwrap', folder())).rejects.toMatchObject({
      code: 'sandbox-missing',
      message: expect.stringContaining('No permissions to create new namespace'),
    })
  })

  it('in part, because what it may write is not there, is refused', async () => {
    fake('bwrap', 'exit 0')
    await expect(open({ kind: 'bwrap', writable: ['out'] }, folder())).rejects.toMatchObject({
      code: 'sandbox-missing',
      details: { hint: 'create it: mkdir out' },
    })
  })

  it('cannot be kept from a home folder that it is given', async () => {
    fake('bwrap', 'exit 0')
    for (const root of ['/', homedir()]) {
      await expect(open('bwrap', root)).rejects.toMatchObject({
        code: 'sandbox-missing',
        details: { hint: 'move the team into a folder of its own' },
      })
    }
  })

  it.each([
    [{ kind: 'bwrap', writable: ['/etc'] }],
    [{ kind: 'bwrap', writable: ['out/../..'] }],
    [{ kind: 'bwrap', readable: ['relative'] }],
    [{ kind: 'container' }],
    [{ kind: 'container', image: '--privileged' }],
    [{ kind: 'container', image: 'node:22', memory: '1g --privileged' }],
    [{ kind: 'container', image: 'node:22', command: '/tmp/docker' }],
    ['firejail'],
  ])('is no sandbox at all: %j', spec => {
    expect(sandbox.safeParse(spec).success).toBe(false)
  })
})

describe('bwrap', () => {
  it('is handed the system to read, the folder to write, no network and the command as it is', async () => {
    const calls = fake('bwrap', 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"')
    const root = folder()
    const opened = await open('bwrap', root)
    const argv = ['printf', '%s|', '; id', '--bind', '$(id)', '']
    const { stdout } = await run(opened.wrap(command(root, argv)), systemClock)
    expect(stdout).toBe('; id|--bind|$(id)||')
    const given = calls().at(-1) ?? []
    const options = given.slice(0, given.indexOf('--'))
    expect(given.slice(options.length + 1)).toEqual(argv)
    for (const option of ['--unshare-all', '--die-with-parent', '--new-session'])
      expect(options).toContain(option)
    expect(options).not.toContain('--share-net')
    expect(valuesOf(options, '--bind', 2)).toEqual([[root, root]])
    expect(valuesOf(options, '--ro-bind-try', 2).flat()).not.toContain(homedir())
    expect(valuesOf(options, '--chdir')).toEqual([[root]])
  })

  it('may write only what is declared, and never what a link leads to', async () => {
    const calls = fake('bwrap', 'exit 0')
    const root = folder()
    const elsewhere = folder()
    mkdirSync(join(root, 'out'))
    symlinkSync(elsewhere, join(root, 'link'))
    const opened = await open({ kind: 'bwrap', writable: ['out', 'link'], network: true }, root)
    await run(opened.wrap(command(root, ['true'])), systemClock)
    const given = calls().at(-1) ?? []
    expect(valuesOf(given, '--bind', 2)).toEqual([[join(root, 'out'), join(root, 'out')]])
    expect(valuesOf(given, '--ro-bind', 2)).toEqual([[root, root]])
    expect(given).toContain('--share-net')
  })

  it('keeps what could steer it away from itself, and the rest out of the list of processes', async () => {
    const calls = fake('bwrap', 'exit 0')
    const root = folder()
    const opened = await open('bwrap', root)
    const env = { LD_PRELOAD: './evil.so', PATH: join(root, 'bin'), SECRET_KEY: 'canary' }
    const wrapped = opened.wrap(command(root, ['true'], env))
    await run(wrapped, systemClock)
    expect(wrapped.env).toEqual({ SECRET_KEY: 'canary' })
    const given = calls().at(-1) ?? []
    expect(given.join(' ')).not.toContain('canary')
    expect(valuesOf(given, '--setenv', 2)).toEqual(
      expect.arrayContaining([
        ['LD_PRELOAD', './evil.so'],
        ['PATH', env.PATH],
        ['HOME', '/tmp'],
      ]),
    )
  })
})

const works =
  spawnSync('bwrap', ['--unshare-all', '--ro-bind', '/', '/', '--proc', '/proc', 'true']).status === 0

describe.runIf(works)('in the real bwrap, a program', () => {
  async function inside(script: string, spec: SandboxSpec = 'bwrap', root = folder()) {
    const opened = await open(spec, root)
    const { stdout, stderr } = await runToEnd(opened.wrap(command(root, ['sh', '-c', script])), systemClock)
    return { said: stdout.toString(), complained: stderr.toString(), root }
  }

  it('writes in the folder of the team, and nowhere else', async () => {
    const { said, root } = await inside(
      'echo kept > a.txt; echo x > /usr/x || echo no; echo x > /etc/x || echo no',
    )
    expect(said).toBe('no\nno\n')
    expect(readFileSync(join(root, 'a.txt'), 'utf8')).toBe('kept\n')
  })

  it('writes only what is declared', async () => {
    const root = folder()
    mkdirSync(join(root, 'out'))
    const script = 'echo x > a.txt || echo no; echo x > out/b.txt && echo yes'
    expect((await inside(script, { kind: 'bwrap', writable: ['out'] }, root)).said).toBe('no\nyes\n')
    expect(existsSync(join(root, 'a.txt'))).toBe(false)
  })

  it('sees no home, no files of others and no other processes', async () => {
    const outside = folder()
    writeFileSync(join(outside, 'secret.txt'), 'canary')
    const { said } = await inside(
      `cat ${outside}/secret.txt; ls ${homedir()}; ls -A /tmp | grep -v crew-sandbox; echo $HOME; ls /proc | grep -c '^[0-9]'`,
    )
    const [home, processes] = said.trim().split('\n')
    expect(home).toBe('/tmp')
    expect(Number(processes)).toBeLessThan(8)
    expect(said).not.toContain('canary')
  })

  it('reaches no network, not even this machine', async () => {
    const server = createServer((_, response) => response.end('reached')).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await new Promise(resolve => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const script = `exec 3<>/dev/tcp/127.0.0.1/${port} && echo connected`
    const root = folder()
    const at = async (spec: SandboxSpec) =>
      (
        await runToEnd((await open(spec, root)).wrap(command(root, ['bash', '-c', script])), systemClock)
      ).stdout.toString()
    expect(await at('bwrap')).toBe('')
    expect(await at({ kind: 'bwrap', network: true })).toBe('connected\n')
  })

  it('ends with its children when its time is over, however stubborn', async () => {
    const root = folder()
    const mark = `97${process.pid}`
    const opened = await open('bwrap', root)
    const argv = ['sh', '-c', `trap '' TERM; sleep ${mark} & sleep ${mark}`]
    const wrapped = { ...opened.wrap(command(root, argv)), deadlines: { total: 300 } }
    expect((await runToEnd(wrapped, systemClock)).stopped).toMatchObject({ code: 'timeout' })
    const alive = () =>
      execFileSync('ps', ['-eo', 'stat=,args='], { encoding: 'utf8' })
        .split('\n')
        .filter(line => line.includes(`sleep ${mark}`) && !line.startsWith('Z'))
    await expect.poll(alive, { timeout: 5000 }).toEqual([])
  })

  it('tells how it ended', async () => {
    const root = folder()
    const opened = await open('bwrap', root)
    const wrapped = opened.wrap(command(root, ['sh', '-c', 'cat; exit 3']))
    const { code, stdout } = await runToEnd({ ...wrapped, stdin: 'read' }, systemClock)
    expect([code, stdout.toString()]).toEqual([3, 'read'])
  })
})

describe('a container', () => {
  const image = 'registry.example/team/node:22'

  it('is started with the folder, no network, the own user, limits, and the command as it is', async () => {
    const calls = fake('docker', 'exit 0')
    const root = folder()
    const opened = await open({ kind: 'container', image, memory: '512m', cpus: 1.5 }, root)
    const wrapped = opened.wrap(
      command(root, ['node', '--test', '; id'], { TOKEN: 'canary', DOCKER_HOST: 'x' }),
    )
    await run(wrapped, systemClock)
    const given = calls().at(-1) ?? []
    expect(given.slice(0, 4)).toEqual(['run', '--rm', '--interactive', '--init'])
    expect(given.slice(given.indexOf('--entrypoint'))).toEqual([
      '--entrypoint',
      'node',
      image,
      '--test',
      '; id',
    ])
    expect(valuesOf(given, '--network')).toEqual([['none']])
    expect(valuesOf(given, '--pull')).toEqual([['never']])
    expect(valuesOf(given, '--user')).toEqual([[`${process.getuid?.()}:${process.getgid?.()}`]])
    expect(valuesOf(given, '--memory')).toEqual([['512m']])
    expect(valuesOf(given, '--cpus')).toEqual([['1.5']])
    expect(valuesOf(given, '--mount')).toEqual([[`type=bind,source=${root},target=${root}`]])
    expect(valuesOf(given, '--workdir')).toEqual([[root]])
    expect(valuesOf(given, '--env')).toEqual([['HOME=/tmp'], ['TOKEN'], ['DOCKER_HOST=x']])
    expect(wrapped.env).toEqual({ TOKEN: 'canary' })
    expect(given.join(' ')).not.toMatch(/canary|docker\.sock|privileged/)
  })

  it('mounts a folder as what it is, whatever is in its name', async () => {
    const calls = fake('docker', 'exit 0')
    const root = join(folder(), 'a,"b",readonly')
    mkdirSync(root)
    mkdirSync(join(root, 'out'))
    const opened = await open({ kind: 'container', image, writable: ['out'] }, root)
    await run(opened.wrap(command(root, ['true'])), systemClock)
    const quoted = (path: string) => path.replaceAll('"', '""')
    expect(valuesOf(calls().at(-1) ?? [], '--mount').flat()).toEqual([
      `type=bind,"source=${quoted(root)}","target=${quoted(root)}",readonly`,
      `type=bind,"source=${quoted(root)}/out","target=${quoted(root)}/out"`,
    ])
  })

  it('is removed when its program is stopped, and only then', async () => {
    const calls = fake(
      'docker',
      '[ "$1" = run ] && shift && for word; do [ "$word" = 60 ] && exec sleep 60; done; exit 0',
    )
    const root = folder()
    const faster: Clock = { ...systemClock, after: (ms, then) => systemClock.after(ms / 10, then) }
    const opened = await open({ kind: 'container', image }, root)
    await run(opened.wrap(command(root, ['true'])), systemClock)
    expect(calls().map(([first]) => first)).toEqual(['run', 'run'])
    const wrapped = { ...opened.wrap(command(root, ['sleep', '60'])), deadlines: { total: 8000 } }
    expect((await runToEnd(wrapped, faster)).stopped).toMatchObject({ code: 'timeout' })
    const [started = [], removed] = calls().slice(-2)
    expect(removed).toEqual(['rm', '--force', ...valuesOf(started, '--name').flat()])
  })
})
