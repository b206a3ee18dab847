import { expect, it } from '@jest/globals';
import { fileNameOf } from '../../../nodes/LumaVideo/generation/fileName';

const ID = '7c6f8527-1111-4222-8333-1234567890ab';
const LONG = 'A red kite rises over a quiet beach at sunrise, slow camera push in';

it.each<[string, string, string | null, string]>([
	['the prompt and the end of the ID', '', 'A red kite', 'a-red-kite-567890ab'],
	['whole words of a long prompt', '', LONG, 'a-red-kite-rises-over-a-quiet-beach-at-sunrise-567890ab'],
	['the beginning of a long word', '', 'x'.repeat(80), `${'x'.repeat(50)}-567890ab`],
	['letters without their accents', '', 'Café «Zoë», l’été!', 'cafe-zoe-lete-567890ab'],
	['the ID where the prompt has no Latin letters', '', '夕日', `luma-${ID}`],
	['the ID where no prompt is known', '', null, `luma-${ID}`],
	['what the user wants, whatever its letters', 'Käse 夕日 42', LONG, 'Käse 夕日 42'],
	["the file's own ending instead of the user's", 'clip.MP4', null, 'clip'],
	['a dot that begins no ending', 'v1.2', null, 'v1.2'],
	['nothing that leads to another folder', '../../etc/passwd', null, '-..-etc-passwd'],
	['no character that a file system refuses', 'a:b*c?"<d>|\n\u0000e', null, 'a-b-c-d-e'],
	['something where nothing of the name is left', ' ... ', 'A kite', 'a-kite-567890ab'],
	['a name that is not too long', 'x'.repeat(300), null, 'x'.repeat(100)],
])('a file name is made of %s', (_, given, prompt, name) => {
	expect(fileNameOf(given, prompt, ID)).toBe(name);
});
