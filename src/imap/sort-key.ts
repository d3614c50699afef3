/** What letters are sorted by (RFC 5256 section 3, RFC 5957 section 3). */
export type SortKey = {
  readonly by: 'ARRIVAL' | 'CC' | 'DATE' | 'DISPLAYFROM' | 'DISPLAYTO' | 'FROM' | 'SIZE' | 'SUBJECT' | 'TO';
  readonly order: 'ascending' | 'descending';
};

/** How letters are put into threads (RFC 5256 section 3). */
export type ThreadAlgorithm = 'ORDEREDSUBJECT' | 'REFERENCES';
