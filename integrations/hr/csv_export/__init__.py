"""A CSV export (HK_HR_KIND=csv).

`columns` names the columns, `decoding` finds the encoding, `rows` splits the file, `records` reads a row, `collecting`
puts the rows of an employee or a unit together, `source` hands over the picture.
"""
