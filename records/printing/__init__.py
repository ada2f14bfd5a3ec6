"""A summary on paper: the record's panels in short, under the headings of the PRSB Core Information Standard."""
