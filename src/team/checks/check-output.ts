import type { JsonSchema } from '../../json.ts'
import { schemaCompiler } from '../../json-schema.ts'
import type { Finding } from '../source/problem.ts'

/** The validator compiles a schema to code, descending into it: a huge one would exhaust its stack. */
const LARGEST_SCHEMA = 32 * 1024

type Agents = Readonly<Record<string, { readonly output?: JsonSchema | undefined }>>

/** Whether the output schemas of the agents are JSON Schemas, with patterns that RE2 knows. */
export async function checkOutputSchemas(agents: Agents): Promise<Finding[]> {
  const declared = Object.entries(agents).filter(([, { output }]) => output !== undefined)
  if (declared.length === 0) return []
  const ajv = await schemaCompiler()
  return declared.flatMap(([name, { output = {} }]) => {
    const path = ['agents', name, 'output']
    if (JSON.stringify(output).length > LARGEST_SCHEMA) {
      return [{ path, at: 'key' as const, message: `the schema is larger than ${LARGEST_SCHEMA / 1024} KiB` }]
    }
    try {
      ajv.validateSchema(output)
      const [error] = ajv.errors ?? []
      if (!error) ajv.compile(output)
      if (!error) return []
      const inner = error.instancePath.split('/').slice(1).map(keyOf)
      return [{ path: [...path, ...inner], message: `this is not JSON Schema: it ${error.message}` }]
    } catch (error) {
      const message = `this is not JSON Schema: ${error instanceof Error ? error.message : error}`
      return [{ path, at: 'key' as const, message }]
    }
  })
}

/** A step of a JSON Pointer as the key that it stands for. */
function keyOf(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~')
}
