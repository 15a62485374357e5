#!/usr/bin/env node
import { run } from "./program.js";

const { env, stderr, stdin, stdout } = process;
const isJson = process.argv.includes("--json");

process.exitCode = await run(process.argv.slice(2), {
  env,
  input: stdin,
  output: stdout,
  messages: stderr,
  isInteractive: Boolean(stdin.isTTY && stderr.isTTY) && !isJson,
  isTerminal: Boolean(stderr.isTTY),
});
