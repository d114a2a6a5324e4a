import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { isObject, type Json, type JsonSchema } from '../../src/json.ts'
import type { Message, ModelReply, ModelRequest, ToolSpec } from '../../src/models/model.ts'
import { rehearsalModel, rehearseAnswer } from '../../src/models/rehearsal.ts'
import { cpuTime } from '../helpers/cpu.ts'

const BEES = `## bees.md: Bees

Honey bees live in colonies of many thousand workers and a single queen. The queen lays all the eggs of the colony, up
to two thousand in a day. Worker bees collect nectar and pollen, and they build the comb from wax.

## dance.md: The dance

Bees tell each other where flowers are by dancing on the comb. The angle of the dance shows the direction of the
flowers relative to the sun. The duration of the dance shows how far away the flowers are, as Dr. von Frisch found.

## winter.md: Winter

A colony survives the winter on the honey that it stored in summer. In the cold, bees form a tight cluster around the
queen and shiver to keep it warm. A colony of bees needs up to twenty kilograms of honey for one winter.`

const SENTENCES = BEES.split(/\n\n/)
  .filter(block => !block.startsWith('#'))
  .flatMap(block => block.replaceAll('\n', ' ').split(/(?<=\.)(?<!Dr\.) /))

function model(seed: string | number = 1) {
  const count = ({ messages }: ModelRequest, reply: string) => ({
    input: messages.length,
    output: reply.length,
    cached: 0,
  })
  return rehearsalModel({
    id: 'openai/gpt',
    seed,
    count,
    worstCase: () => ({ input: 9, output: 99, cached: 0 }),
  })
}

async function reply(request: Partial<ModelRequest>, seed?: string | number): Promise<ModelReply> {
  const options = {
    signal: new AbortController().signal,
    timeout: { total: 1_000 },
    idempotencyKey: 'key',
    onText() {},
  }
  return model(seed).reply({ messages: [], tools: [], ...request }, options)
}

function ask(prompt: string, role = 'You summarize documents for engineers.'): Message[] {
  return [
    { role: 'system', content: role },
    { role: 'user', content: prompt },
  ]
}

async function say(prompt: string, role?: string): Promise<string> {
  return (await reply({ messages: ask(prompt, role) })).text
}

async function fill(schema: JsonSchema, prompt = `Summarize this:\n\n${BEES}`): Promise<Json> {
  return JSON.parse((await reply({ messages: ask(prompt), output: { name: 'answer', schema } })).text)
}

function object(value: Json | undefined): Record<string, Json> {
  if (!isObject(value)) throw new Error(`not an object: ${JSON.stringify(value)}`)
  return { ...value }
}

describe('an answer in words', () => {
  test('consists of sentences of what was given, in their order and without repetitions', async () => {
    const said = (await say(`Summarize this:\n\n${BEES}\n\n${BEES}`)).split(/(?<=\.)(?<!Dr\.) /)
    const places = said.map(sentence => SENTENCES.indexOf(sentence))
    expect(said).toHaveLength(5)
    expect(places).not.toContain(-1)
    expect(places).toEqual([...new Set(places)].sort((a, b) => a - b))
  })

  test('leaves out what the prompt and the role tell the agent to do', async () => {
    const text = await say(
      `Summarize this for children. Each sentence must be short and friendly.\n\n${BEES}`,
    )
    expect(text).not.toMatch(/summarize|children|must be short/i)
  })

  test('answers from a text that stands in one paragraph with the request', async () => {
    expect(await say(`Summarize this in one sentence. ${SENTENCES[0]}`)).toBe(SENTENCES[0])
  })

  test.each([
    [
      'Summarize in 3 bullets',
      (text: string) => text.split('\n').filter(line => line.startsWith('- ')).length,
      3,
    ],
    [
      'Give me the two most important points as bullet points',
      (text: string) => text.split('\n- ').length,
      2,
    ],
    ['Summarize in one sentence', (text: string) => text.split('. ').length, 1],
    ['Explain this in 2 paragraphs', (text: string) => text.split('\n\n').length, 2],
    ['Summarize in three short sentences', (text: string) => text.split(/\. (?!von)/).length, 3],
  ])('has the length of "%s"', async (request, measure, expected) => {
    expect(measure(await say(`${request}:\n\n${BEES}`))).toBe(expected)
  })

  test.each([40, 20, 5, 1])('has at most %i words when that is asked', async most => {
    const text = await say(`Summarize this in at most ${most} words:\n\n${BEES}`)
    expect(text.split(/\s+/).length).toBeLessThanOrEqual(most)
    expect(text).not.toBe('')
    for (const word of text.match(/\p{L}+/gu) ?? []) expect(BEES.toLowerCase()).toContain(word.toLowerCase())
  })

  test('is an article with a title, paragraphs and sources when that is asked', async () => {
    const prompt = `Write an article on the life of bees in 3 paragraphs. Name the sources at the end.\n\n${BEES}`
    const [title, ...paragraphs] = (await say(prompt)).split('\n\n')
    expect(title).toBe('# Life of bees')
    expect(paragraphs).toHaveLength(4)
    expect(paragraphs.at(-1)).toBe('Sources: bees.md, dance.md, winter.md.')
  })

  test('takes the form from the role when the prompt leaves it open', async () => {
    expect(await say(`Bees\n\n${BEES}`, 'You write the final article.')).toMatch(/^# Bees\n\n\w/)
  })

  test('carries no markup and no code', async () => {
    const text = await say(`Summarize:

# Setup of the **server**

The [server](http://x.test) listens on *all* interfaces and \`port 80\`.<br> It **must not** be exposed![^1]

- **Logging**: every request is written to the log of the machine
- [ ] the old certificate has to be replaced before June

\`\`\`js
const server = createServer(request => answer(request))
\`\`\`

| name | value of the setting here |
|------|---------------------------|
| a    | one two three four five   |`)
    expect(text.split(/(?<=[.!]) /)).toEqual([
      'The server listens on all interfaces and port 80.',
      'It must not be exposed!',
      'Logging: every request is written to the log of the machine.',
      'The old certificate has to be replaced before June.',
    ])
  })

  test('reads the sentences in JSON and knows their sources', async () => {
    const given = { bullets: [{ text: SENTENCES[0], source: 'bees.md' }], note: SENTENCES[3], count: 3 }
    const text = await say(
      `Write an article on bees and give the sources.\n\n${JSON.stringify(given, null, 2)}`,
    )
    expect(text).toBe(`# Bees\n\n${SENTENCES[0]} ${SENTENCES[3]}\n\nSources: bees.md.`)
  })

  test('lists short items when there are no sentences', async () => {
    const messages: Message[] = [
      ...ask('What files are there?'),
      { role: 'assistant', content: '', toolCalls: [{ id: '1', name: 'list_files', arguments: {} }] },
      { role: 'tool', content: JSON.stringify(['a.md', 'b.md']), toolCallId: '1' },
    ]
    expect((await reply({ messages })).text).toBe('- a.md\n- b.md')
  })

  test('says that no model was called when there is nothing to answer from', async () => {
    expect(await say('Explain ownership in Rust.')).toBe(
      'No model was called in this rehearsal, and there was no text to answer from: Explain ownership in Rust.',
    )
  })

  test('takes a single line for the task', async () => {
    expect(await say('Beekeeping')).toBe(
      'No model was called in this rehearsal, and there was no text to answer from: Beekeeping.',
    )
  })

  test('is one of the choices that it is given', async () => {
    const prompt =
      'Reply with exactly one of: weather, bees, politics.\n\nHow do bees find flowers in the meadow?'
    expect(await say(prompt, 'You classify.')).toBe('bees')
  })

  test('does not take what is said of each part for the length of the whole', async () => {
    const text = await say(
      `Write an article on bees. Each paragraph has one sentence with ten words.\n\n${BEES}`,
    )
    expect(text.split(/\s+/).length).toBeGreaterThan(60)
  })

  test('reads the last words of a prompt that is too long to be read', async () => {
    const text = await say(`Here is a text.\n\n${`${BEES}\n\n`.repeat(100)}Summarize it in 2 bullets.`)
    expect(text.split('\n')).toHaveLength(2)
  })

  test('reads the sentences of JSON that was cut off', async () => {
    const given = JSON.stringify(
      { a: SENTENCES.slice(0, 3), note: 'He said "bees are wonderful animals".' },
      null,
      2,
    )
    const text = await say(`Summarize:\n${given.slice(0, -2)}`)
    expect(text).not.toMatch(/[\\{}[\]]|",|note/)
    expect(text).toContain(SENTENCES[2])
  })

  test('splits sentences of scripts without spaces', async () => {
    const text = await say(
      'Summarize in one sentence:\n\n蜜蜂生活在蜂巢里。蜂王每天产下许多卵。工蜂采集花蜜和花粉。',
    )
    expect(['蜜蜂生活在蜂巢里。', '蜂王每天产下许多卵。', '工蜂采集花蜜和花粉。']).toContain(text)
  })
})

describe('the model', () => {
  test('gives the same reply to the same request and seed, another one to another seed', async () => {
    const messages = ask(`Rate this:\n\n${BEES}`)
    const schema = { type: 'object', properties: { score: { type: 'number' } }, required: ['score'] }
    const request = { messages, tools: [], output: { name: 'x', schema } }
    expect((await reply(request)).text).toBe((await reply(request)).text)
    expect((await reply(request)).text).not.toBe((await reply(request, 2)).text)
  })

  test('streams the reply in pieces and counts what it would have used', async () => {
    const pieces: string[] = []
    const request = { messages: ask(`Summarize:\n\n${BEES}`), tools: [] }
    const { text, spent } = await model().reply(request, {
      signal: new AbortController().signal,
      timeout: { total: 1_000 },
      idempotencyKey: 'key',
      onText: piece => pieces.push(piece),
    })
    expect(pieces.length).toBeGreaterThan(3)
    expect(pieces.join('')).toBe(text)
    expect(spent).toEqual({ input: 2, output: text.length, cached: 0 })
    expect(model().worstCase(request)).toEqual({ input: 9, output: 99, cached: 0 })
  })

  test.each(['before', 'during'])(
    'rejects with the reason of a signal that aborts %s the call',
    async when => {
      const controller = new AbortController()
      const reason = new Error('no longer wanted')
      if (when === 'before') controller.abort(reason)
      const options = {
        signal: controller.signal,
        timeout: { total: 1 },
        idempotencyKey: '',
        onText: () => controller.abort(reason),
      }
      await expect(model().reply({ messages: ask(BEES), tools: [] }, options)).rejects.toBe(reason)
    },
  )

  test('answers again after a rejection, from the same text', async () => {
    const again: Message[] = [
      ...ask(`Summarize:\n\n${BEES}`),
      { role: 'assistant', content: 'Bees.' },
      {
        role: 'user',
        content: 'That answer was not accepted: it was far too short for this.\nAnswer again in 2 bullets.',
      },
    ]
    const { text } = await reply({ messages: again })
    expect(text.split('\n')).toHaveLength(2)
    for (const line of text.split('\n')) expect(SENTENCES).toContain(line.slice(2))
  })

  test.each([
    ['a long text', `${BEES}\n\n`.repeat(1_500)],
    ['one long word', 'a'.repeat(1e6)],
    ['braces', '{\n'.repeat(5e5)],
    ['escaped quotes', `{"${'\\"'.repeat(5e5)}`],
    ['emphasis', '**a '.repeat(2.5e5)],
    ['comments', '<!--'.repeat(2.5e5)],
    ['initials', 'A. '.repeat(3e5)],
    ['an empty heading', `# a${' '.repeat(1e6)}b`],
    ['nested lists', '['.repeat(3e4) + ']'.repeat(3e4)],
    [
      'different sentences',
      Array.from({ length: 3e4 }, (_, at) => `Word${at} follows word${at * 7} here.`).join('\n\n'),
    ],
  ])('reads a megabyte of %s without a pause', async (_, text) => {
    const began = cpuTime()
    await reply({ messages: ask(text) })
    expect(cpuTime() - began).toBeLessThan(2_000)
  })
})

describe('tools', () => {
  const tool = (
    name: string,
    description: string,
    properties: JsonSchema,
    required = Object.keys(properties),
  ): ToolSpec => ({
    name,
    description,
    parameters: { type: 'object', properties, required, additionalProperties: false },
  })
  const text = { type: 'string' }
  const search = tool(
    'search_files',
    'Finds text in files',
    { query: text, limit: { type: 'integer', minimum: 1 } },
    ['query'],
  )
  const read = tool('read_file', 'Reads a file', { path: text })
  const list = tool('list_files', 'Lists the files of a folder', { path: text })
  const write = tool('write_file', 'Writes a file', { path: text, content: text })
  const calls = async (prompt: string, tools: ToolSpec[]) => {
    const { toolCalls } = await reply({ messages: ask(prompt, 'You are an assistant.'), tools })
    return toolCalls.map(call => [call.name, call.arguments])
  }

  test('are called on the first turn with arguments from the task', async () => {
    expect(await calls('Write about bees.', [search, write])).toEqual([['search_files', { query: 'bees' }]])
    expect(await calls('Find out what is here.', [list, write])).toEqual([['list_files', { path: '.' }]])
    expect(await calls('Read docs/bees.md and explain it.', [read])).toEqual([
      ['read_file', { path: 'docs/bees.md' }],
    ])
  })

  test('that need what the task does not say are left alone', async () => {
    expect(await calls('Explain the life of bees.', [read, write])).toEqual([])
  })

  test('that change things are called only when the task names them', async () => {
    const named = await calls('Use write_file to save a note on bees in bees.md.', [write])
    expect(named).toEqual([['write_file', { path: 'bees.md', content: expect.stringContaining('bees') }]])
  })

  test('that read on in results are left alone as long as there are none', async () => {
    const readOn = tool('read_result', 'Reads a part of a long result of another tool', { result: text })
    expect(await calls('Read the result about bees.', [readOn])).toEqual([])
  })

  test('are at most two at once, each with an id of its own that stays the same', async () => {
    const messages = ask('Read bees.md, search for bees and list the files.')
    const first = await reply({ messages, tools: [search, read, list, write] })
    expect(first.text).toBe('')
    expect(new Set(first.toolCalls.map(({ id }) => id)).size).toBe(2)
    expect(await reply({ messages, tools: [search, read, list, write] })).toEqual(first)
  })

  test('are not called again once they have answered, and the answer is made of what they gave', async () => {
    const messages: Message[] = [
      ...ask('Find out how bees survive the winter, in one sentence.'),
      {
        role: 'assistant',
        content: '',
        toolCalls: [{ id: '1', name: 'search_files', arguments: { query: 'bees' } }],
      },
      { role: 'tool', content: BEES, toolCallId: '1' },
    ]
    const { text, toolCalls } = await reply({ messages, tools: [search, list] })
    expect(toolCalls).toEqual([])
    expect(SENTENCES).toContain(text)
  })

  describe('that pass control on', () => {
    const handOff = tool('hand_off', 'Passes control to another agent', {
      to: { type: 'string', enum: ['keeper', 'doctor'] },
      task: text,
      summary: text,
    })
    const roster =
      'One of these may go on:\n- keeper: Feeds bees.\n- doctor: Cures bees with a fever or mites.'
    const passed = async (task: string, role: string, tools = [handOff]) => {
      const { toolCalls } = await reply({
        messages: ask(`${task}\n\n${roster}`, role),
        tools,
      })
      return toolCalls.map(call => [call.name, call.arguments])
    }

    test('are called for who knows most of what the agent itself does not, and for nothing else', async () => {
      const task = 'My bees have mites and a fever. They sit on an apple tree.'
      expect(await passed(task, 'You greet.', [search, handOff])).toEqual([
        [
          'hand_off',
          {
            to: 'doctor',
            task: 'My bees have mites and a fever.',
            summary: 'This is a matter for doctor: bee, fever, mite.',
          },
        ],
      ])
    })

    test('are not called for what the agent knows, for what nobody knows, or back to where control was', async () => {
      expect(
        await passed('My bees have mites and a fever.', 'You cure the fever and mites of bees.'),
      ).toEqual([])
      expect(await passed('My car is broken.', 'You greet.')).toEqual([])
      const before = 'What has been done so far:\ndoctor: Looked at them.'
      expect(await passed(`My bees have mites.\n\n${before}`, 'You feed bees.')).toEqual([])
    })
  })
})

describe('an answer by a schema', () => {
  test('takes its words from what was given, item by item, with the source of each', async () => {
    const item = {
      type: 'object',
      properties: { text: { type: 'string' }, source: { type: 'string' } },
      required: ['text', 'source'],
    }
    const { bullets } = object(
      await fill(
        { type: 'object', properties: { bullets: { type: 'array', items: item } } },
        `Summarize in 3 bullets:\n\n${BEES}`,
      ),
    )
    expect(bullets).toHaveLength(3)
    for (const bullet of Array.isArray(bullets) ? bullets : []) {
      const { text, source } = object(bullet)
      expect(SENTENCES).toContain(text)
      expect(BEES.indexOf(`## ${source}`)).toBeGreaterThanOrEqual(0)
      const section = BEES.slice(BEES.indexOf(`## ${source}`)).replaceAll('\n', ' ')
      expect(section.slice(0, section.indexOf(' ## ', 3) >>> 0)).toContain(text)
    }
  })

  test('goes through every entry of the list that it is asked about', async () => {
    const claims = [
      SENTENCES[8],
      SENTENCES[1],
      SENTENCES[4],
      SENTENCES[0],
      SENTENCES[6],
      SENTENCES[2],
      SENTENCES[3],
    ]
    const item = {
      type: 'object',
      properties: { claim: { type: 'string' }, verdict: { enum: ['unsupported', 'supported'] } },
    }
    const prompt = `Check every claim against the text.\n\nClaims:\n${JSON.stringify(claims)}\n\nText:\n\n${BEES}`
    const { verdicts } = object(
      await fill({ type: 'object', properties: { verdicts: { type: 'array', items: item } } }, prompt),
    )
    expect(verdicts).toEqual(claims.map(claim => ({ claim, verdict: 'supported' })))
  })

  test('is hopeful: true, nothing wrong, the best of several words, a high score', async () => {
    const properties = {
      accepted: { type: 'boolean' },
      hasErrors: { type: 'boolean' },
      contradictions: { type: 'array', items: { type: 'string' } },
      notes: { type: 'array', items: { type: 'string' }, maxItems: 1 },
      verdict: { enum: ['rejected', 'approved'] },
      score: { type: 'integer', minimum: 0, maximum: 10 },
    }
    const { score, notes, ...others } = object(await fill({ type: 'object', properties }))
    expect(others).toEqual({ accepted: true, hasErrors: false, contradictions: [], verdict: 'approved' })
    expect(notes).toHaveLength(1)
    expect(score).toBeGreaterThanOrEqual(6)
  })

  test('chooses the value that the text is about', async () => {
    const route = { enum: ['billing', 'bee_keeping', 'travel'] }
    expect(await fill({ type: 'object', properties: { route } })).toEqual({ route: 'bee_keeping' })
  })

  test.each<[string, JsonSchema]>([
    [
      'a reference to itself',
      {
        $ref: '#/$defs/tree',
        $defs: {
          tree: {
            type: 'object',
            properties: {
              name: { type: 'string' },
              children: {
                type: 'array',
                minItems: 1,
                items: { anyOf: [{ $ref: '#/$defs/tree' }, { type: 'string' }] },
              },
            },
            required: ['name', 'children'],
          },
        },
      },
    ],
    [
      'branches that exclude each other',
      {
        type: 'object',
        properties: { a: { type: 'string' }, b: { type: 'string' } },
        oneOf: [{ required: ['a'] }, { required: ['b'] }],
      },
    ],
    [
      'overlapping branches',
      { oneOf: [{ type: 'number' }, { type: 'integer' }, { type: 'string', minLength: 3 }] },
    ],
    [
      'tagged branches',
      {
        oneOf: ['x', 'y'].map(kind => ({
          type: 'object',
          properties: { kind: { const: kind } },
          required: ['kind'],
        })),
      },
    ],
    [
      'parts that add up',
      {
        allOf: [
          { type: 'object', required: ['a'] },
          { properties: { a: { type: 'integer', minimum: 5 } } },
          { properties: { a: { maximum: 5 } } },
        ],
      },
    ],
    [
      'what may be null',
      {
        type: 'object',
        properties: {
          a: { anyOf: [{ type: 'null' }, { type: 'string' }] },
          b: { type: ['null', 'integer'] },
        },
        required: ['a', 'b'],
      },
    ],
    ['a map', { type: 'object', additionalProperties: { type: 'integer' }, minProperties: 2 }],
    [
      'a tuple',
      { type: 'array', prefixItems: [{ type: 'string' }, { type: 'number' }], items: false, minItems: 2 },
    ],
    ['any value', {}],
    [
      'a list of different items',
      { type: 'array', uniqueItems: true, minItems: 5, items: { enum: [1, 2, 3, 4, 5] } },
    ],
    ['a negative range', { type: 'number', exclusiveMaximum: -1.5 }],
    ['a narrow range', { type: 'number', exclusiveMinimum: 0.1, exclusiveMaximum: 0.2, multipleOf: 0.0625 }],
    ['an address', { type: 'string', pattern: '^[a-z]+\\.[a-z]{2,3}@(example|test)\\.com$' }],
    [
      'a code of fixed form',
      {
        type: 'array',
        uniqueItems: true,
        minItems: 3,
        items: { type: 'string', pattern: '^[A-Z]{2}-\\d{4}$' },
      },
    ],
    ['a long code', { type: 'string', pattern: '^(?:\\w+ ?)*[^\\s]$', minLength: 60 }],
  ])('satisfies %s', async (_, schema) => {
    expect(new Ajv2020({ strict: false }).validate(schema, await fill(schema))).toBe(true)
  })

  test('gives dates, addresses and ids their form', async () => {
    const format = (name: string) => ({ type: 'string', format: name })
    const names = ['date', 'date-time', 'uri', 'email', 'uuid']
    const properties = Object.fromEntries(names.map(name => [name, format(name)]))
    expect(await fill({ type: 'object', properties })).toEqual({
      date: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
      'date-time': expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      uri: expect.stringMatching(/^https:\/\/example\.com\//),
      email: expect.stringMatching(/^[\w-]+@example\.com$/),
      uuid: expect.stringMatching(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-8[\da-f]{3}-[\da-f]{12}$/),
    })
  })

  test('does not hang on a schema that nothing satisfies', async () => {
    const endless = {
      $ref: '#/$defs/a',
      $defs: {
        a: {
          type: 'object',
          properties: { a: { $ref: '#/$defs/a' }, b: { $ref: '#/$defs/a' } },
          required: ['a', 'b'],
        },
      },
    }
    const began = cpuTime()
    await fill(endless)
    await fill({ type: 'string', pattern: '^(((a{0,9999}){9999}){9999}){9999}b', minLength: 1e9 })
    await fill({ type: 'array', minItems: 1e9, items: { type: 'array', minItems: 1e9 } })
    expect(cpuTime() - began).toBeLessThan(3_000)
  })

  test('is valid for any schema of the supported kind', async () => {
    const ajv = new Ajv2020({ strict: false })
    await fc.assert(
      fc.asyncProperty(
        schemas,
        fc.constantFrom('', `Summarize in 4 bullets:\n\n${BEES}`),
        async (schema, prompt) => {
          const value = await fill(schema, prompt)
          const validate = ajv.compile(schema)
          if (!validate(value))
            throw new Error(`${JSON.stringify(value)}: ${ajv.errorsText(validate.errors)}`)
        },
      ),
      { numRuns: 150 },
    )
  })
})

const range = (most: number) => fc.tuple(fc.nat(most), fc.nat(most)).map(pair => pair.sort((a, b) => a - b))
const maybe = (keywords: fc.Arbitrary<JsonSchema>) => fc.oneof(fc.constant({}), keywords)
const propertyName = fc.constantFrom(
  'title',
  'summary',
  'source',
  'score',
  'errors',
  'tags',
  'ok',
  'item id',
  'findings',
)
const leaf: fc.Arbitrary<JsonSchema>[] = [
  fc
    .tuple(
      fc.constantFrom('integer', 'number'),
      maybe(range(50).map(([low, high]) => ({ minimum: low - 20, maximum: high - 20 }))),
    )
    .map(([type, bounds]) => ({ type, ...bounds })),
  fc.integer({ min: -9, max: 9 }).map(edge => ({ type: 'integer', exclusiveMinimum: edge })),
  fc.constantFrom(0.25, 0.1, 3, 7).map(multipleOf => ({ type: 'number', minimum: 1, multipleOf })),
  maybe(range(80).map(([minLength, maxLength]) => ({ minLength, maxLength }))).map(length => ({
    type: 'string',
    ...length,
  })),
  fc
    .constantFrom('^[a-z]{3,8}$', '^v\\d+\\.\\d+$', '^(yes|no)$', '[A-Z]', '^\\S+@\\S+$')
    .map(pattern => ({ type: 'string', pattern })),
  fc
    .uniqueArray(fc.oneof(fc.string(), fc.integer(), fc.constant(null)), { minLength: 1 })
    .map(values => ({ enum: values })),
  fc.oneof(fc.string(), fc.boolean()).map(value => ({ const: value })),
  fc.constantFrom('boolean', 'integer', 'string').map(type => ({ type: [type, 'null'] })),
]
const { schemas } = fc.letrec<{ schemas: JsonSchema }>(tie => ({
  schemas: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    ...leaf,
    fc
      .tuple(fc.dictionary(propertyName, tie('schemas'), { maxKeys: 4 }), fc.boolean())
      .map(([properties, closed]) => ({
        type: 'object',
        properties,
        required: Object.keys(properties).slice(1),
        ...(closed && { additionalProperties: false }),
      })),
    fc
      .tuple(tie('schemas'), maybe(range(6).map(([minItems, maxItems]) => ({ minItems, maxItems }))))
      .map(([items, size]) => ({ type: 'array', items, ...size })),
    fc.array(tie('schemas'), { minLength: 1, maxLength: 3 }).map(anyOf => ({ anyOf })),
    fc.array(tie('schemas'), { minLength: 1, maxLength: 3 }).map(branches => ({
      oneOf: branches.map((branch, at) => ({
        type: 'object',
        properties: { kind: { const: at }, value: branch },
        required: ['kind', 'value'],
      })),
    })),
  ),
}))

describe('a choice among names that the prompt explains', () => {
  const labels =
    'Which label fits?\n- hive (for ann: Boxes, frames and wax)\n- queen (for ben: Eggs and swarms)'
  const schema = {
    type: 'object',
    properties: { label: { enum: ['hive', 'queen', 'none'] } },
    required: ['label'],
  }

  test.each([
    ['All frames are full of wax.', 'hive'],
    ['There are no eggs.', 'queen'],
  ])('fits what it says: %s', async (task, label) => {
    expect(await fill(schema, `${task}\n\n${labels}`)).toEqual({ label })
  })
})

describe('somebody in a conversation', () => {
  const [first = '', second = ''] = SENTENCES
  const prompt = (said: string) => `${first} ${second}\n\nFrom the conversation so far:\n${said}`

  test('says what was not said yet, as long as there is something', async () => {
    expect(await say(prompt(`ann:\n${first}`))).toBe(second)
    expect(await say(prompt(`ann:\n${second}`))).toBe(first)
    expect(await say(prompt(`ann:\n${second}\n\nben:\n${first}`))).toBe(`${first} ${second}`)
  })
})

describe('what stands in for work that a rehearsal does not do', () => {
  test('says that nothing was executed, and what it was about', async () => {
    const answer = await rehearseAnswer({
      agent: 'deployer',
      task: `Deploy this.\n\n${SENTENCES[0]}`,
      seed: 'run',
    })
    expect(answer).toBe(
      `Nothing was executed: this rehearsal stands in for the agent deployer. It would have been asked about this: ${SENTENCES[0]}`,
    )
  })

  test('satisfies the schema of the agent and still says so', async () => {
    const properties = { ok: { type: 'boolean' }, message: { type: 'string' } }
    const output = { type: 'object', properties, required: ['ok', 'message'], additionalProperties: false }
    const answer = await rehearseAnswer({ agent: 'deployer', task: 'Deploy this.', output, seed: 'run' })
    expect(answer).toEqual({
      ok: true,
      message: 'Nothing was executed: this rehearsal stands in for the agent deployer.',
    })
  })
})

describe('the research assistant', () => {
  const folder = fileURLToPath(new URL('../../examples/research-assistant/', import.meta.url))
  const search = (...args: string[]) =>
    execFileSync(process.execPath, ['search.mjs', ...args], { cwd: folder, encoding: 'utf8', stdio: 'pipe' })

  test('finds passages by their words, with the file that they are from', () => {
    const found = search('secure aggregation', '3')
    expect(found.match(/^## .*/gm)).toHaveLength(3)
    expect(found).toMatch(/^## 06-secure-aggregation\.md: /m)
    expect(search('secure aggregation', '3')).toBe(found)
  })

  test('fails and says what to do when no passage matches', () => {
    expect(() => search('zebra')).toThrow(/no document matches "zebra"; try other words/)
  })

  test('ends a rehearsal with an article on its topic', async () => {
    const { agents, input } = parse(readFileSync(`${folder}team.yaml`, 'utf8'))
    const passages = search(input.topic.default)
    const prompt = agents.synthesizer.prompt
      .replaceAll('${input.topic}', input.topic.default)
      .replaceAll('${steps.retriever.output}', passages)
    const paragraphs = (await say(prompt, agents.synthesizer.role)).split('\n\n')
    expect(paragraphs[0]).toBe('# Federated learning')
    expect(paragraphs).toHaveLength(6)
    expect(paragraphs.at(-1)).toMatch(/^Sources: 01-basics\.md, /)
    for (const paragraph of paragraphs.slice(1, -1))
      expect(paragraph.split(/(?<=\.) /).length).toBeGreaterThan(1)
  })
})
