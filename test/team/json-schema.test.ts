import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, it } from 'vitest'
import { teamJsonSchema } from '../../src/team/json-schema.ts'
import { parseSource } from '../../src/team/source/source.ts'

const FIXTURES = 'test/fixtures/teams'
const validate = new Ajv2020({ strict: true, allowUnionTypes: true, validateFormats: false }).compile(
  teamJsonSchema(),
)

it('accepts every good team file', async () => {
  for (const name of await readdir(join(FIXTURES, 'good'))) {
    if (!/\.(yaml|jsonc)$/.test(name)) continue
    const { value } = parseSource(name, await readFile(join(FIXTURES, 'good', name), 'utf8'))
    expect(validate(value), `${name}: ${JSON.stringify(validate.errors)}`).toBe(true)
  }
})

it.each(['names.yaml', 'shape.yaml', 'missing.yaml'])('refuses %s', async name => {
  const { value } = parseSource(name, await readFile(join(FIXTURES, 'bad', name), 'utf8'))
  expect(validate(value)).toBe(false)
})

it('says what everything is for', () => {
  const schema = teamJsonSchema()
  expect(schema).toMatchObject({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: expect.stringMatching(/team\.schema\.json$/),
    title: 'crew team',
    description: expect.any(String),
    additionalProperties: false,
  })
})
