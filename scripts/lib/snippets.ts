/** A piece of TypeScript in a document, named by a comment before it: `<!-- snippet: name -->`. */
export type Snippet = { name: string; code: string };

/** The named pieces of TypeScript in a Markdown text. */
export function snippetsOf(markdown: string): Snippet[] {
  const pattern = /<!-- snippet: ([\w-]+) -->\n```ts\n([\s\S]*?)```/g;
  return [...markdown.matchAll(pattern)].map(([, name = "", code = ""]) => ({ name, code }));
}

/** How many pieces of TypeScript a Markdown text has, named or not. */
export function countTypeScript(markdown: string): number {
  return [...markdown.matchAll(/^```ts$/gm)].length;
}
