// Counts the parts of texts with two public calculators: node segments.js FILE, a JSON list of texts.
// Prints a JSON list of {"twilio": {"encoding", "segments"}, "split": {"encoding", "segments"}}.
'use strict';

const fs = require('fs');
const { SegmentedMessage } = require('sms-segments-calculator');
const splitter = require('split-sms');

const texts = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const answers = texts.map((text) => {
  const twilio = new SegmentedMessage(text, 'auto');
  const split = splitter.split(text);
  return {
    twilio: { encoding: twilio.encodingName === 'GSM-7' ? 'gsm7' : 'ucs2', segments: twilio.segmentsCount },
    split: { encoding: split.characterSet === 'GSM' ? 'gsm7' : 'ucs2', segments: split.parts.length },
  };
});
process.stdout.write(JSON.stringify(answers) + '\n');
