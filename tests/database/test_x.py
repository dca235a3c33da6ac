import pytest
@pytest.mark.parametrize("n", range(20))
def test_x(database, n): 
    with database.transaction() as c: pass
