import type { ContractModel, EventModel, Field, FunctionModel, SolidityType } from "../contract-model.js";
import type { Files } from "../generated-files.js";
import { actionName, camelCase } from "../names.js";
import { jsDoc } from "../natspec.js";
import { file } from "./file.js";
import type { SdkContract } from "./sdk-contract.js";
import { namesIn, renderFields, typeScriptType } from "./types.js";

/** One file a function, and one that names them all. */
export function renderActions(contract: SdkContract): Files {
  const folder = camelCase(contract.name);
  const names = contract.functions.map(({ name }) => name);
  const overloaded = names.find((name, i) => names.indexOf(name) !== i);
  if (overloaded)
    throw new Error(`${contract.name}.${overloaded} is overloaded: a file of the SDK holds one function.`);
  const actions = contract.functions.map((fn) => [
    `actions/${folder}/${actionName(fn.name)}.ts`,
    renderAction(contract, fn),
  ]);
  const index = names
    .map(actionName)
    .sort()
    .map((name) => `export * from "./${name}.js";`);
  return Object.fromEntries([
    ...actions,
    [`actions/${folder}/index.ts`, file([contract.source], {}, index.join("\n"))],
    [`events/${folder}.ts`, renderEvents(contract)],
  ]);
}

function renderAction(contract: SdkContract, fn: FunctionModel): string {
  const abi = `${camelCase(contract.name)}Abi`;
  const { inputs, outputs } = fn;
  const name = actionName(fn.name);
  const names = namesIn([...inputs.map(({ type }) => type), ...(fn.isView ? outputs.map(({ type }) => type) : [])]);
  const finders = emittedEvents(contract, fn);
  const body = [
    `${actionDoc(contract, fn)}${fn.isView ? readAction(contract, fn) : writeAction(fn)}`,
    `export declare namespace ${name} {
  type Parameters = {
    ${jsDoc([contract.addressDoc])}address: Address;
    ${renderFields(inputs)}};
  ${fn.isView ? `type ReturnType = ${returnType(outputs)};` : ""}
  type Call = {
    abi: typeof ${abi};
    address: Address;
    args: readonly [${inputs.map((input) => `${input.name}: ${typeScriptType(input.type)}`).join(", ")}];
    functionName: "${fn.name}";
  };
}`,
    `/** The call alone, to batch, simulate or estimate. */
export function ${name}Call({ ${["address", ...inputs.map((input) => input.name)].join(", ")} }: ${name}.Parameters): ${name}.Call {
  return { abi: ${abi}, address, args: [${inputs.map((input) => input.name).join(", ")}], functionName: "${fn.name}" };
}`,
    ...finders.map(
      ({ events, module }) => `export { ${events.map((event) => `find${event}`).join(", ")} } from "${module}";`,
    ),
  ];
  const clientTypes = fn.isView
    ? ["type Client"]
    : ["type Account", "type Chain", "type Client", "type Hash", "type Transport"];
  return file(
    [fn.source],
    {
      viem: ["type Address", ...names.viem, ...clientTypes],
      "viem/actions": [fn.isView ? "readContract" : "writeContract"],
      "../../../contractErrorFrom.js": ["withContractErrors"],
      "../../abis.js": [abi],
      "../../types.js": names.types,
    },
    body.join("\n\n"),
  );
}

function actionDoc(contract: SdkContract, { doc, emits, isView, outputs }: FunctionModel): string {
  const named = outputs.length === 1 ? outputs : [];
  return jsDoc(
    [doc.notice, doc.dev],
    [
      ...doc.reverts.map(({ error, when }) => `@throws {${error}Error} ${when}`),
      ...(isView
        ? named.map((output) => `@returns ${output.doc}`)
        : [`@returns The transaction's hash.${events(emits, contract)}`]),
    ],
  );
}

function events(emits: readonly string[], { name }: SdkContract): string {
  return emits.length === 0
    ? ""
    : ` Its receipt can have the events ${emits.map((event) => `\`${event}\``).join(", ")} of ${name}.`;
}

function readAction(contract: SdkContract, { name: functionName, outputs }: FunctionModel): string {
  const name = actionName(functionName);
  const signature = `export async function ${name}(client: Client, parameters: ${name}.Parameters): Promise<${name}.ReturnType>`;
  const read = `withContractErrors(readContract(client, ${name}Call(parameters)))`;
  if (outputs.length > 1) {
    const list = outputs.map((output) => output.name).join(", ");
    return `${signature} {
  const [${list}] = await ${read};
  return { ${list} };
}`;
  }
  if (!outputs.some(({ type }) => hasEnum(type, contract))) return `${signature} {\n  return ${read};\n}`;
  return `${signature} {
  // The ABI knows an enum only as a number.
  return ${read} as Promise<${name}.ReturnType>;
}`;
}

function hasEnum(type: SolidityType, contract: ContractModel): boolean {
  if (type.kind === "array") return hasEnum(type.of, contract);
  if (type.kind !== "struct") return type.kind === "enum";
  const struct = contract.structs.find(({ name }) => name === type.name);
  return struct?.fields.some((field) => hasEnum(field.type, contract)) ?? false;
}

function returnType(outputs: readonly Field[]): string {
  if (outputs.length === 0) return "void";
  const [only] = outputs;
  return outputs.length === 1 && only ? typeScriptType(only.type) : `{\n${renderFields(outputs)}}`;
}

function writeAction({ name: functionName }: FunctionModel): string {
  const name = actionName(functionName);
  return `export async function ${name}(
  client: Client<Transport, Chain, Account>,
  parameters: ${name}.Parameters,
): Promise<Hash> {
  const { account, chain } = client;
  return withContractErrors(writeContract(client, { ...${name}Call(parameters), account, chain }));
}`;
}

/** Events of the contract itself, and of contracts that it calls, by the module that has their finders. */
function emittedEvents(contract: SdkContract, fn: FunctionModel): { module: string; events: string[] }[] {
  if (fn.isView) return [];
  const called = contract.callees.map((callee) => ({
    contract: callee,
    emits: callee.functions.filter(({ selector }) => fn.calls.includes(selector)).flatMap(({ emits }) => emits),
  }));
  return [{ contract, emits: fn.emits }, ...called]
    .map(({ contract: { events, name }, emits }) => ({
      events: emits.filter((event) => events.some((known: EventModel) => known.name === event)).sort(),
      module: `../../events/${camelCase(name)}.js`,
    }))
    .filter(({ events }) => events.length > 0);
}

/** One finder an event, so that it can be dropped alone. */
function renderEvents({ events, name: contract }: SdkContract): string {
  const abi = `${camelCase(contract)}Abi`;
  const finders = events
    .filter(({ source }) => source.startsWith("contracts/"))
    .map(
      ({
        doc,
        name,
      }) => `${jsDoc([doc.notice, `The first \`${name}\` event in \`logs\`, or \`undefined\`.`])}export function find${name}(
  logs: Log[],
): ParseEventLogsReturnType<typeof ${abi}, "${name}", true>[number] | undefined {
  return parseEventLogs({ abi: ${abi}, eventName: "${name}", logs, strict: true })[0];
}`,
    );
  return file(
    events.map(({ source }) => source).filter((source) => source.startsWith("contracts/")),
    { viem: ["type Log", "type ParseEventLogsReturnType", "parseEventLogs"], "../abis.js": [abi] },
    finders.join("\n\n"),
  );
}
