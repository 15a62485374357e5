/** A NatSpec comment, taken apart. */
export type NatSpec = {
  notice: string;
  dev: string;
  params: Record<string, string>;
  returns: string[];
  reverts: { error: string; when: string }[];
};

/** Reads the text of a NatSpec comment as the syntax tree keeps it: with all tags, in order. */
export function parseNatSpec(text = ""): NatSpec {
  const tags = text
    .split(/\n\s*(?=@[a-z])/)
    .map((part) => part.replace(/\s+/g, " ").trim())
    .filter((part) => part !== "")
    .map((part) => /^@(\S+) ?(.*)$/.exec(part) ?? ["", "notice", part])
    .map(([, tag, content]) => ({ tag: tag as string, content: content as string }));
  const contentsOf = (name: string) => tags.filter(({ tag }) => tag === name).map(({ content }) => content);
  return {
    notice: contentsOf("notice").join(" "),
    dev: contentsOf("dev").join(" "),
    params: Object.fromEntries(contentsOf("param").map(splitName)),
    returns: contentsOf("return"),
    reverts: contentsOf("custom:reverts")
      .map(splitName)
      .map(([error, when]) => ({ error, when })),
  };
}

function splitName(content: string): [string, string] {
  const [name = "", ...rest] = content.split(" ");
  return [name, rest.join(" ")];
}

/** A JSDoc block from paragraphs and tags; text is wrapped, lines of tags are not joined. */
export function jsDoc(paragraphs: readonly string[], tags: readonly string[] = []): string {
  const blocks = [
    ...paragraphs.filter((text) => text !== "").map((text) => wrap(text)),
    tags.flatMap((text) => wrap(text)),
  ];
  const lines = blocks.filter((block) => block.length > 0).flatMap((block, i) => (i === 0 ? block : ["", ...block]));
  if (lines.length === 0) return "";
  if (lines.length === 1) return `/** ${lines[0]} */\n`;
  return `/**\n${lines.map((line) => ` * ${line}`.trimEnd()).join("\n")}\n */\n`;
}

function wrap(text: string, width = 112): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
