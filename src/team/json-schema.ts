import { z } from 'zod'
import { asJson, isObject, type JsonSchema } from '../json.ts'
import { schema } from './schema.ts'

let generated: JsonSchema | undefined

/** JSON Schema (2020-12) of a team file, for editors and for our own hints. */
export function teamJsonSchema(): JsonSchema {
  generated ??= generate()
  return generated
}

function generate(): JsonSchema {
  const schemaOfZod = asJson(z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12' }))
  const { $schema = '', ...rest } = isObject(schemaOfZod) ? schemaOfZod : {}
  return { $schema, $id: 'team.schema.json', title: 'crew team', ...rest }
}
