// A drawn SVG as a PDF of the same size, vectors and Inter inside, the same bytes each time.
import { printFonts } from './fonts.ts';
import { FiguresError } from './run.ts';
import { FONT } from './theme.ts';

/**
 * @param svg as from `renderSvg` with theme `paper`: one unit is one point
 * @throws FiguresError where the SVG cannot be converted
 */
export async function pdfOf(svg: string, size: { readonly width: number; readonly height: number }): Promise<Buffer> {
  const [{ default: PDFDocument }, { default: svgToPdf }] = await Promise.all([
    import('pdfkit'),
    import('svg-to-pdfkit'),
  ]);
  const document = new PDFDocument({
    size: [size.width, size.height],
    margin: 0,
    // the date is part of the bytes
    info: { CreationDate: new Date(0), Producer: 'LoopLab', Creator: 'LoopLab' },
  });
  for (const { weight, bytes } of printFonts()) document.registerFont(`${FONT}-${weight}`, bytes);
  const chunks: Buffer[] = [];
  const done = new Promise<Buffer>((resolve, reject) => {
    document.on('data', (chunk: Buffer) => chunks.push(chunk));
    document.on('end', () => resolve(Buffer.concat(chunks)));
    document.on('error', reject);
  });
  const problems: string[] = [];
  const plain = svg
    .replace(/ (width|height)="([\d.]+)pt"/g, ' $1="$2"') // of a paper figure they are in points already
    .replace(/<style>.*?<\/style>/s, '')
    .replaceAll(' stroke-dasharray="1,0"', ''); // an unbroken line, which pdfkit refuses
  svgToPdf(document, plain, 0, 0, {
    ...size,
    assumePt: true,
    fontCallback: (_family, bold) => `${FONT}-${bold ? 600 : 400}`,
    warningCallback: (warning) => problems.push(warning),
  });
  document.end();
  const bytes = await done;
  if (problems.length > 0) throw new FiguresError(`the figure cannot be drawn as PDF: ${problems.join('; ')}`);
  return bytes;
}
