/**
 * To be imported first: `LumaVideo.node` is a TypeScript file and, to Node.js, also `LumaVideo.node.json`. Here the former
 * is meant.
 */
import Module from 'node:module';

const { _extensions: extensions } = Module as unknown as { _extensions: Record<string, unknown> };
const readJson = extensions['.json'];
Reflect.deleteProperty(extensions, '.json');
extensions['.json'] = readJson;
