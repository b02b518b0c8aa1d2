"""The shop's forms."""
from django import forms

from shop.cart import MAX_QUANTITY
from shop.models import Order

_AUTOCOMPLETE = {"name": "name", "email": "email", "street": "street-address",
                 "postcode": "postal-code", "city": "address-level2", "country": "country"}


class QuantityForm(forms.Form):
    quantity = forms.IntegerField(min_value=0, max_value=MAX_QUANTITY)


class AddressForm(forms.ModelForm):
    """Where an order goes; the gift note is there where its flag says so."""

    class Meta:
        model = Order
        fields = ["name", "email", "street", "postcode", "city", "country", "gift_note"]

    def __init__(self, gift_note, *arguments, **options):
        super(AddressForm, self).__init__(*arguments, **options)
        if not gift_note:
            del self.fields["gift_note"]
        for name, field in self.fields.items():
            field.widget.attrs.update(autocomplete=_AUTOCOMPLETE.get(name, "off"))
            if self.is_bound and name in self.errors:
                field.widget.attrs.update(
                    {"aria-invalid": "true", "aria-describedby": "%s-error" % name})
