// The newest MLflow release that we are tested with.
import { realServerSuite } from '../testing/realServerSuite.ts';

realServerSuite(3);
