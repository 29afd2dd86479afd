import { testCodec } from './index.ts';
import { toyOptions } from './toy-samples.test-support.ts';

testCodec(toyOptions);
