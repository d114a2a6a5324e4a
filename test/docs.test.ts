import { spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { entriesOf } from '../src/cli/manual.ts'
import { createProgram } from '../src/cli/program.ts'
import { listSettings } from '../src/config.ts'
import { CrewError, type ErrorCode } from '../src/errors.ts'
import { isObject, type Json } from '../src/json.ts'
import { PROVIDERS } from '../src/models/providers.ts'
import { MIGRATIONS } from '../src/store/migrations.ts'
import { teamJsonSchema } from '../src/team/json-schema.ts'
import { loadTeam } from '../src/team/load.ts'
import { parseSource } from '../src/team/source/source.ts'
import { ended } from './helpers/crew.ts'
import { type FaultyServer, startFaultyServer } from './helpers/faulty-server.ts'
import { anchorsOf, type Block, blocksOf, codeIn, linksOf, sectionsOf, tablesOf } from './helpers/markdown.ts'
import { saying } from './helpers/model-server.ts'
import { temporaryFolder } from './helpers/runs.ts'
import { commandsOf, runCommands, writeFiles } from './helpers/session.ts'

const BIN = resolve('bin/crew.js')

function markdownIn(folder: string, recursive = true): string[] {
  const names = readdirSync(folder, { recursive, encoding: 'utf8' }).filter(name => name.endsWith('.md'))
  return names.map(name => join(folder, name)).sort()
}

const GUIDES = ['README.md', ...markdownIn('docs')]
const DOCUMENTS = [...markdownIn('.', false), ...markdownIn('docs'), ...markdownIn('examples')]

const read = (path: string) => readFileSync(path, 'utf8')

/** What is documented and does not exist, and what exists and is not documented. */
function differences(documented: Iterable<string>, real: Iterable<string>): string[] {
  const [said, there] = [new Set(documented), new Set(real)]
  const invented = [...said].filter(each => !there.has(each)).map(each => `does not exist: ${each}`)
  const missing = [...there].filter(each => !said.has(each)).map(each => `is not documented: ${each}`)
  return [...invented, ...missing]
}

describe.concurrent('the commands of', () => {
  let root: string
  let server: FaultyServer

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'crew-docs-'))
    writeFileSync(join(root, 'crew'), `#!/bin/sh\nexec "${process.execPath}" "${BIN}" "$@"\n`)
    chmodSync(join(root, 'crew'), 0o755)
    server = await startFaultyServer()
    server.play(response => {
      const wantsJson = server.received.at(-1)?.body.includes('"json_schema"')
      saying(wantsJson ? '{"problems":["It does not say why."]}' : 'Whoever logs first can forget later.')(
        response,
      )
    })
  })
  afterAll(async () => {
    await server.close()
    rmSync(root, { recursive: true, force: true })
  })

  function session(name: string, markdown: string): Promise<string> {
    const folder = join(root, name.replaceAll('/', '-'))
    mkdirSync(folder)
    writeFiles(markdown, folder)
    const PATH = `${root}:${dirname(process.execPath)}:${process.env.PATH}`
    return runCommands(markdown, folder, { PATH, OPENAI_BASE_URL: `${server.url}/v1` })
  }

  it.each(GUIDES.filter(path => commandsOf(read(path)).length > 0))(
    '%s run, line by line',
    async path => {
      expect(await session(path, read(path))).toBe('all succeeded')
    },
    120_000,
  )

  it('a document that is wrong are found out', async () => {
    const wrong = '```sh\necho fine\ncrew nonsense | cat\necho never\n```\n'
    expect(await session('wrong', wrong)).toMatch(/^failed: crew nonsense \| cat\n/)
  })

  it('the README do what it says', async () => {
    const wrong = read('README.md').replace('kind: pipeline', 'kind: pipelime')
    expect(await session('broken', wrong)).toMatch(/^failed: crew validate team.yaml\n.*pipelime/s)
  })
})

describe('npm', () => {
  /** Scripts that a text tells people to run. */
  const scriptsIn = (markdown: string) =>
    [...codeIn(markdown), ...blocksOf(markdown).map(({ text }) => text)].flatMap(code =>
      [...code.matchAll(/\bnpm (?:run (?:-\w+ )*)?(?!ci\b|link\b|run\b)([a-z][\w:-]*)/g)].map(
        ([, name]) => name,
      ),
    )
  const { scripts } = JSON.parse(read('package.json'))

  it('has every script that is named somewhere', () => {
    const named = DOCUMENTS.flatMap(path => scriptsIn(read(path)))
    expect(named).toEqual(expect.arrayContaining(['start', 'check', 'bench']))
    expect(named.filter(name => !Object.hasOwn(scripts, name ?? ''))).toEqual([])
  })

  it('is understood by this test', () => {
    expect(scriptsIn('`npm ci && npm start`, `npm run -s nonsense`\n```sh\nnpm test\n```\n')).toEqual([
      'start',
      'nonsense',
      'test',
    ])
  })

  it('starts, without a key, what the README promises', async () => {
    const home = temporaryFolder()
    const { PATH = '' } = process.env
    const child = spawn('bash', ['-c', scripts.start], { env: { PATH, HOME: home, CREW_HOME: home } })
    const { code, stdout, stderr } = await ended(child)
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/^# .*federated learning/i)
  })
})

/** What `crew validate` would say of the teams in a document. Parts of a team are made whole. */
async function problemsIn(markdown: string): Promise<string[]> {
  const teams = blocksOf(markdown).filter(({ language }) => language === 'yaml' || language === 'json')
  const found = await Promise.all(teams.map(block => problemsOf(block)))
  return found.flat()
}

async function problemsOf({ language, text, line }: Block): Promise<string[]> {
  const folder = temporaryFolder()
  for (const [, path = ''] of text.matchAll(/^# includes (\S+)$/gm)) {
    mkdirSync(join(folder, dirname(path)), { recursive: true })
    writeFileSync(join(folder, path), '')
  }
  try {
    const { value } = parseSource(`block.${language}`, text)
    if (!isObject(value.agents)) return []
    const pattern = { kind: 'pipeline', stages: Object.keys(value.agents) }
    writeFileSync(join(folder, 'team.json'), JSON.stringify({ name: 'example', pattern, ...value }))
    const { problems } = await loadTeam(join(folder, 'team.json'))
    return problems.map(({ message }) => `line ${line}: ${message}`)
  } catch (error) {
    return [`line ${line}: ${error}`]
  }
}

describe('the team files in', () => {
  it.each(DOCUMENTS)('%s are valid, to the last warning', async path => {
    expect(await problemsIn(read(path))).toEqual([])
  })

  it.each([
    ['a field that does not exist', 'agents: { a: { rolle: You write. } }', /there is no key "rolle"/],
    ['a step that does not exist', 'agents: { a: { prompt: "${steps.b.output}" } }', /there is no step "b"/],
    ['no YAML', 'agents: { a: {}', /this is not YAML/],
    ['a warning', 'agents: { a: {}, b: {} }\npattern: { kind: pipeline, stages: [a] }', /nothing .* uses/],
  ])('a document with %s are found out', async (_, text, complaint) => {
    expect(await problemsIn(`\n\`\`\`yaml\n${text}\n\`\`\`\n`)).toEqual([expect.stringMatching(complaint)])
  })
})

/** Relative links of a document that lead nowhere. */
function deadLinksIn(path: string, markdown = read(path)): string[] {
  return linksOf(markdown).filter(link => {
    if (/^[a-z]+:/.test(link)) return false
    const [file = '', fragment] = link.split('#')
    const target = file === '' ? path : join(dirname(path), file)
    if (!existsSync(target)) return true
    return fragment !== undefined && !anchorsOf(file === '' ? markdown : read(target)).includes(fragment)
  })
}

describe('the links of', () => {
  it.each(DOCUMENTS)('%s lead somewhere', path => {
    expect(deadLinksIn(path)).toEqual([])
  })

  it('a document that is wrong are found out', () => {
    const fine =
      '[a](../README.md) [b](https://example.com/x) [c](#a-heading) `[d](x.md)`\n\n## A `heading`\n'
    const dead = '[e](none.md) [f](../README.md#nowhere) [g](#nowhere)'
    expect(deadLinksIn('docs/cli.md', fine + dead)).toEqual(['none.md', '../README.md#nowhere', '#nowhere'])
  })
})

/** Paths that a document names, in backticks or at the start of a line of its map, and that do not exist. */
function deadPathsIn(markdown: string): string[] {
  const map = blocksOf(markdown).flatMap(({ text }) =>
    text.split('\n').map(line => line.split(/\s/)[0] ?? ''),
  )
  return [...codeIn(markdown), ...map].filter(
    word =>
      (/^[\w.-]+\/[\w./-]*$/.test(word) || /^[\w.-]+\.(?:ts|mjs|js|json|md)$/.test(word)) &&
      !word.includes('NAME') &&
      !existsSync(word),
  )
}

describe('the paths in AGENTS.md', () => {
  it('exist', () => {
    expect(deadPathsIn(read('AGENTS.md'))).toEqual([])
  })

  it('are found out when they do not', () => {
    const map = '```\nsrc/cli.ts   there\nsrc/gone/    not there\n```\n'
    expect(deadPathsIn(`${map}\`src/errors.ts\` \`src/NAME.ts\` \`old.ts\` \`a b\``)).toEqual([
      'old.ts',
      'src/gone/',
    ])
  })
})

const rowsOf = (path: string, head: string) =>
  tablesOf(read(path)).flatMap(table => (table.head === head ? table.rows : []))

/** Names of all fields in a JSON Schema, whatever they belong to. */
function fieldsIn(schema: Json | undefined): string[] {
  if (Array.isArray(schema)) return schema.flatMap(fieldsIn)
  if (!isObject(schema)) return []
  const { properties, items, anyOf, oneOf, additionalProperties } = schema
  const named = isObject(properties) ? properties : {}
  const inner = [...Object.values(named), items, anyOf, oneOf, additionalProperties]
  return [...Object.keys(named), ...inner.flatMap(fieldsIn)]
}

describe('the tables of', () => {
  it('the providers agree with the code', () => {
    const real = Object.entries(PROVIDERS).map(([name, preset]) => {
      const { baseUrl = '', apiKeyEnv = '' }: { baseUrl?: string; apiKeyEnv?: string } = preset
      return `${name} ${baseUrl} ${apiKeyEnv}`
    })
    expect(
      differences(
        rowsOf('docs/models.md', 'provider').map(row => row.join(' ')),
        real,
      ),
    ).toEqual([])
  })

  it('the errors agree with the code', () => {
    const codes = [...read('src/errors.ts').matchAll(/^ {2}'?([a-z-]+)'?: \{ exit: EXIT/gm)]
    const real = codes.map(([, code = '']) => {
      const { exit, retryable } = new CrewError(code as ErrorCode, '')
      return `${code} ${exit} ${retryable ? 'yes' : 'no'}`
    })
    expect(real).toContain('reply-truncated 1 yes')
    expect(
      differences(
        rowsOf('docs/models.md', 'code').map(row => row.slice(0, 3).join(' ')),
        real,
      ),
    ).toEqual([])
  })

  it('the fields of a team file agree with its schema', () => {
    const folders = ['docs/patterns', 'docs/agents', 'docs/tools'].flatMap(folder => markdownIn(folder))
    const limits = ['breakers', 'cache', 'alerts'].map(name => `docs/limits/${name}.md`)
    const single = ['team-file', 'conflicts', 'permissions', 'gates'].map(name => `docs/${name}.md`)
    const pages = [...single, ...limits, ...folders]
    const tables = pages.flatMap(page => tablesOf(read(page))).filter(({ head }) => head.startsWith('field'))
    const documented = tables.flatMap(({ rows }) =>
      rows.flatMap(([names = '']) => names.split(', ').map(name => name.split('.').at(-1) ?? '')),
    )
    expect(differences(documented, fieldsIn(teamJsonSchema()))).toEqual([])
  })

  it('the settings agree with the code', async () => {
    const real = (await listSettings()).map(({ name }) => name)
    const documented = rowsOf('docs/cli.md', 'setting').map(([name = '']) => name)
    expect(differences(documented, real)).toEqual([])
  })

  it('the store agree with its migrations', () => {
    const real = [...MIGRATIONS.join().matchAll(/CREATE TABLE (\w+)/g)].map(([, name = '']) => name)
    expect(
      differences(
        rowsOf('docs/durability.md', 'table').map(([name = '']) => name),
        real,
      ),
    ).toEqual([])
  })

  it('a document that is wrong are found out', () => {
    expect(differences(['a', 'b'], ['b', 'c'])).toEqual(['does not exist: a', 'is not documented: c'])
  })
})

/** Every command, with the place where its arguments and options stand. */
function commandsAndPlaces(): string[] {
  const [, ...commands] = entriesOf(createProgram(() => {}))
  const named = blocksAside(read('docs/commands.md'))
  return commands.map(({ usage }) => `${usage}: ${named.get(usage) ?? 'nowhere'}`)
}

/** The sections of the manual by the commands that they are about, as a link from beside it leads there. */
function blocksAside(markdown: string): Map<string, string> {
  return new Map(
    [...sectionsOf(markdown).keys()].map(title => {
      const [anchor] = anchorsOf(`### ${title}\n`)
      return [title.replaceAll('`', ''), `commands.md#${anchor}`]
    }),
  )
}

/** What docs/cli.md says of commands: where their options stand; and options that it repeats, which would grow old. */
function documentedIn(markdown: string): string[] {
  return [...sectionsOf(markdown)].flatMap(([title, text]) => {
    const usage = title.replaceAll('`', '')
    if (!usage.startsWith('crew ')) return []
    const place = linksOf(text).find(link => link.startsWith('commands.md#'))
    const repeated = tablesOf(text).flatMap(({ head, rows }) => (head === 'option' ? rows : []))
    return [`${usage}: ${place}`, ...repeated.map(([flags]) => `${usage}: ${flags}`)]
  })
}

describe('docs/cli.md', () => {
  it('has every command and no other, each with a link to its options, and repeats none of them', () => {
    const real = commandsAndPlaces()
    expect(real).toContain('crew run <team> [task]: commands.md#crew-run-team-task')
    expect(differences(documentedIn(read('docs/cli.md')), real)).toEqual([])
  })

  it('is found out when a command or a link is missing, or an option is repeated', () => {
    const option = '| option | |\n|---|---|\n| `--old` | it was |\n'
    const documented = documentedIn(`## \`crew ls\`\n\n${option}`)
    expect(
      differences(documented, ['crew ls: commands.md#crew-ls', 'crew top: commands.md#crew-top']),
    ).toEqual([
      'does not exist: crew ls: undefined',
      'does not exist: crew ls: --old',
      'is not documented: crew ls: commands.md#crew-ls',
      'is not documented: crew top: commands.md#crew-top',
    ])
  })
})

describe('team.schema.json', () => {
  it('is what crew schema prints', () => {
    expect(JSON.parse(read('team.schema.json'))).toEqual(teamJsonSchema())
  })

  it('is found out when it is not', () => {
    const { title, ...old } = JSON.parse(read('team.schema.json'))
    expect(title).toBe('crew team')
    expect(old).not.toEqual(teamJsonSchema())
  })
})
