/** The seed of a proof: said, and the same again when it is given as CREW_SEED. */
export function proofSeed(): number {
  const seed = Number(process.env.CREW_SEED ?? Math.floor(Math.random() * 2 ** 31))
  console.log(`seed ${seed}; the same again with: CREW_SEED=${seed} npm run test:crash`)
  return seed
}
