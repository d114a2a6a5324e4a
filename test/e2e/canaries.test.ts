import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join, resolve } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, it, onTestFinished } from 'vitest'
import { crewHome } from '../helpers/crew.ts'
import { scripted } from '../helpers/scripted.ts'

/** Twenty secrets, each in a place of its own; every one is as good as its name is unique. */
const SECRETS = {
  modelKey: 'canary-01-sk-model-QzXw',
  declared: 'canary-02-declared-PlOk',
  inHeader: 'canary-03-header-MnBv',
  commandEnv: 'canary-04-command-LkJh',
  bearer: 'canary-05-bearer-GfDs',
  username: 'canary-06-username-AaQq',
  password: 'canary-07-password-WwSs',
  apiKey: 'canary-08-apikey-EeDd',
  clientId: 'canary-09-client-RrFf',
  clientSecret: 'canary-10-secretfile-TtGg',
  accessToken: 'canary-11-accesstoken-YyHh',
  secretFile: 'canary-12-bearerfile-UuJj',
  mcpEnv: 'canary-13-mcp-IiKk',
  otherKey: 'canary-14-otherkey-OoLl',
  undeclared: 'canary-15-undeclared-PpZz',
  alertHeader: 'canary-16-alert-XxCc',
  githubToken: `ghp_${'c17'.repeat(12)}`,
  awsKey: `AKIA${'C18'.repeat(5)}X`,
  jwt: `eyJhbGciOiJIUzI1NiJ9.eyJjMTkiOiJjYW5hcnkifQ.${'c19'.repeat(8)}`,
  privateKey: `-----BEGIN PRIVATE KEY-----\n${'MIIc20'.repeat(12)}\n-----END PRIVATE KEY-----`,
}

/** What a secret may look like on the disk. */
function formsOf(secret: string): Buffer[] {
  const core = secret.includes('\n') ? (secret.split('\n')[1] ?? '') : secret
  const bytes = Buffer.from(core)
  return [core, bytes.toString('base64').slice(0, -4), bytes.toString('hex'), encodeURIComponent(core)].map(
    text => Buffer.from(text),
  )
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map(name => join(folder, name))
    .filter(path => statSync(path).isFile())
}

it('twenty secrets are nowhere: not in the store, the logs, the screen, the events, or a child that was not given them', async () => {
  const home = crewHome()
  const folder = join(home.home, 'team')
  mkdirSync(join(folder, 'out'), { recursive: true })
  writeFileSync(join(home.home, 'client-secret'), `${SECRETS.clientSecret}\n`)
  writeFileSync(join(home.home, 'bearer-file'), `${SECRETS.secretFile}\n`)
  for (const name of ['client-secret', 'bearer-file']) chmodSync(join(home.home, name), 0o600)
  const found = [SECRETS.githubToken, SECRETS.awsKey, SECRETS.jwt, SECRETS.privateKey].join('\n')
  writeFileSync(join(folder, 'notes.txt'), `Found on the server:\n${found}\n`)
  const dump = (name: string) =>
    `import { writeFileSync } from 'node:fs'; writeFileSync('out/${name}.json', JSON.stringify(process.env)); console.log(JSON.stringify(process.env))`
  for (const name of ['agent', 'tool']) writeFileSync(join(folder, `${name}.mjs`), dump(name))

  // Repeats all that it is sent, and gives a token.
  const received: string[] = []
  const service = createServer((request, response) => {
    let body = ''
    request.on('data', chunk => (body += chunk))
    request.on('end', () => {
      const said = `${request.url} ${JSON.stringify(request.headers)} ${body}`
      received.push(said)
      response.setHeader('content-type', 'application/json')
      const token = { access_token: SECRETS.accessToken, token_type: 'bearer', expires_in: 3600 }
      response.end(
        JSON.stringify(
          request.url === '/token' ? token : { said, encoded: Buffer.from(said).toString('base64') },
        ),
      )
    })
  })
  await new Promise<void>(done => service.listen(0, '127.0.0.1', done))
  onTestFinished(() => void service.close())
  const address = service.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  const base = `http://127.0.0.1:${port}`

  const names = ['viaBearer', 'viaBasic', 'viaKey', 'viaOAuth', 'viaFile']
  const calls = [
    { tool: 'read_file', args: { path: 'notes.txt' } },
    { tool: 'dump', args: {} },
    { tool: 'keeper__env', args: {} },
    { tool: 'remember', args: { text: `The keys are: ${found}` } },
    ...names.map(tool => ({ tool, args: {} })),
  ]
  // The model repeats whatever it is told, and all that it could know besides.
  const server = await scripted({
    ann: told =>
      told.includes('\n\ntool: ')
        ? `${told}\n${SECRETS.declared} ${SECRETS.bearer} ${SECRETS.accessToken}`
        : { calls },
  })
  const get = (connection: string) => ({ description: 'Asks.', args: {}, get: '/echo', connection })
  const team = {
    name: 'canaries',
    env: ['DECLARED', 'IN_HEADER', 'COMMAND_ENV', 'MCP_ENV', 'ALERT'],
    connections: {
      one: { baseUrl: base, auth: { kind: 'bearer', token: 'BEARER' } },
      two: { baseUrl: base, auth: { kind: 'basic', username: 'USERNAME', password: 'PASSWORD' } },
      three: { baseUrl: base, auth: { kind: 'apiKey', header: 'x-key', value: 'SOME_KEY' } },
      four: {
        baseUrl: base,
        auth: {
          kind: 'oauth2',
          tokenUrl: `${base}/token`,
          clientId: 'CLIENT',
          clientSecret: { file: '../client-secret' },
        },
      },
      five: { baseUrl: base, auth: { kind: 'bearer', token: { file: '../bearer-file' } } },
    },
    tools: {
      ...Object.fromEntries(
        names.map((name, index) => [name, get(['one', 'two', 'three', 'four', 'five'][index] ?? '')]),
      ),
      dump: { description: 'Dumps.', args: {}, run: ['node', 'tool.mjs'], env: { GIVEN: '${env.DECLARED}' } },
    },
    mcp: {
      keeper: {
        run: ['node', resolve('test/fixtures/programs/mcp.mjs'), 'out'],
        env: { GIVEN: '${env.MCP_ENV}' },
      },
    },
    permissions: { allow: ['*'], hosts: [`127.0.0.1:${port}`] },
    alerts: { to: [{ webhook: `${base}/alert`, headers: { authorization: 'Bearer ${env.ALERT}' } }] },
    agents: {
      ann: {
        role: 'You are ann.',
        prompt: 'Do it with ${env.DECLARED}.',
        tools: ['read_file', 'remember', 'dump', 'keeper__env', ...names],
      },
      sender: {
        kind: 'http',
        url: `${base}/echo`,
        headers: { 'x-given': '${env.IN_HEADER}' },
        body: { text: '${steps.ann.output}' },
      },
      runner: { kind: 'command', run: ['node', 'agent.mjs'], env: { GIVEN: '${env.COMMAND_ENV}' } },
    },
    pattern: { kind: 'pipeline', stages: ['ann', 'sender', 'runner'] },
  }
  const path = join(folder, 'team.json')
  writeFileSync(path, JSON.stringify(team))
  const env = {
    ...server.env,
    OPENAI_API_KEY: SECRETS.modelKey,
    DECLARED: SECRETS.declared,
    IN_HEADER: SECRETS.inHeader,
    COMMAND_ENV: SECRETS.commandEnv,
    BEARER: SECRETS.bearer,
    USERNAME: SECRETS.username,
    PASSWORD: SECRETS.password,
    SOME_KEY: SECRETS.apiKey,
    CLIENT: SECRETS.clientId,
    MCP_ENV: SECRETS.mcpEnv,
    MISTRAL_API_KEY: SECRETS.otherKey,
    UNDECLARED: SECRETS.undeclared,
    ALERT: SECRETS.alertHeader,
  }
  const run = await home.crew(['run', path, 'go', '--events', '--trust'], { env })
  expect(run.stderr).toContain('succeeded')
  expect(run.code).toBe(0)
  // All of it was really used: the services heard it, and the children got what is theirs.
  const heard = received.join('\n')
  for (const name of ['inHeader', 'bearer', 'apiKey', 'accessToken', 'secretFile'] as const)
    expect(heard).toContain(SECRETS[name])
  const child = (name: string) => readFileSync(join(folder, 'out', `${name}.json`), 'utf8')
  expect(child('tool')).toContain(SECRETS.declared)
  expect(child('agent')).toContain(SECRETS.commandEnv)

  const outputs = [run.stdout, run.stderr]
  for (const args of [
    ['show', 'last', '--results'],
    ['logs', 'last', '--level', 'debug'],
    ['logs', 'last', '--trace'],
    ['show', 'last', '--json'],
    ['inbox'],
    ['trust', '--list'],
  ]) {
    const { stdout, stderr } = await home.crew(args, { env })
    outputs.push(stdout, stderr)
  }
  await home.crew(['export', 'last', 'run.jsonl.gz'], { env })
  const exported = gunzipSync(readFileSync(join(home.home, 'run.jsonl.gz')))
  expect(exported.toString()).toContain('[redacted')
  const kept = filesIn(home.home).filter(
    file => !file.startsWith(folder) && !/(?:client-secret|bearer-file)$/.test(file),
  )
  expect(kept.some(file => file.endsWith('crew.db'))).toBe(true)
  const written = [
    exported,
    ...kept.map(file => readFileSync(file)),
    ...outputs.map(text => Buffer.from(text)),
  ]
  const given = { tool: [SECRETS.declared], agent: [SECRETS.commandEnv] }
  for (const [name, secret] of Object.entries(SECRETS)) {
    for (const form of formsOf(secret)) {
      expect(
        written.filter(bytes => bytes.includes(form)),
        `${name} as ${form}`,
      ).toEqual([])
    }
    for (const who of ['tool', 'agent'] as const) {
      if (!given[who].includes(secret))
        expect(child(who), `${name} in the environment of ${who}`).not.toContain(secret)
    }
  }
})
