from django.urls import path

from shop import views

app_name = "shop"
urlpatterns = [
    path("", views.catalogue.home, name="home"),
    path("shelf/<slug:slug>/", views.catalogue.shelf, name="shelf"),
    path("product/<slug:slug>/", views.catalogue.product, name="product"),
    path("wishlist/", views.wishlist.show, name="wishlist"),
    path("wishlist/<slug:slug>/", views.wishlist.toggle, name="wish"),
    path("cart/", views.cart.show, name="cart"),
    path("cart/<slug:slug>/add/", views.cart.add, name="add"),
    path("cart/<slug:slug>/change/", views.cart.change, name="change"),
    path("checkout/", views.checkout.checkout, name="checkout"),
    path("thank-you/", views.checkout.thank_you, name="thank-you"),
    path("login/", views.account.Login.as_view(), name="login"),
    path("logout/", views.account.logout, name="logout"),
    path("country/", views.account.country, name="country"),
]
