import * as z from 'zod'
import { definition } from '../agents/team.ts'
import { asJson, isObject, type JsonSchema } from '../json.ts'
import { schema } from './schema.ts'

let generated: JsonSchema | undefined

/** JSON Schema (2020-12) of a team file, for editors and for our own hints. */
export function teamJsonSchema(): JsonSchema {
  generated ??= generate()
  return generated
}

function generate(): JsonSchema {
  const schemaOfZod = asJson(
    z.toJSONSchema(schema, {
      io: 'input',
      target: 'draft-2020-12',
      override({ zodSchema, jsonSchema }) {
        if (zodSchema !== definition) return
        for (const key of Object.keys(jsonSchema)) Reflect.deleteProperty(jsonSchema, key)
        jsonSchema.$ref = '#'
      },
    }),
  )
  const { $schema = '', ...rest } = isObject(schemaOfZod) ? schemaOfZod : {}
  return { $schema, $id: 'team.schema.json', title: 'crew team', ...rest }
}
