import { z } from 'zod'
import * as command from './command.ts'
import * as http from './http.ts'
import * as llm from './llm.ts'

export const agent = z.discriminatedUnion('kind', [llm.schema, command.schema, http.schema])
export type AgentSpec = z.infer<typeof agent>
